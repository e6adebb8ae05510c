// SPDX-License-Identifier: Apache-2.0
#include "analyzer/tune/tuned_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "analyzer/exchange/choice_text.h"
#include "analyzer/machine_text.h"
#include "analyzer/verify/verification.h"
#include "db/enum_names.h"

namespace ditscope::analyzer {
namespace {

using Json = nlohmann::ordered_json;

// What is written to be read by people keeps four decimals; equal heads then share an override.
double rounded(double value) {
  return std::round(value * 1e4) / 1e4;
}

db::MethodChoice writtenChoice(const TuningResult& result, size_t head) {
  const Candidate& c = result.heads[head].candidates[result.tuned.outcome.chosen[head]];
  db::MethodChoice choice = c.choice;
  db::Expected& e = choice.expected;
  for (std::optional<double>* value : {&e.density, &e.recall, &e.error})
    if (*value) *value = rounded(**value);
  Json interval = Json::object();
  if (std::isfinite(c.timeLoNs) && c.timeHiNs > c.timeLoNs)
    interval["time_ns"] = {std::llround(c.timeLoNs), std::llround(c.timeHiNs)};
  if (!result.spread.empty() && result.spread[head].first < result.spread[head].second)
    interval["recall"] = {rounded(result.spread[head].first), rounded(result.spread[head].second)};
  if (!interval.empty()) choice.extensions["x-ditscope-interval"] = interval.dump();
  return choice;
}

std::vector<db::IndexRange> rangesOf(const std::vector<int32_t>& ascending) {
  std::vector<db::IndexRange> ranges;
  for (const int32_t index : ascending) {
    if (!ranges.empty() && ranges.back().last + 1 == index)
      ranges.back().last = index;
    else
      ranges.push_back({index, index});
  }
  return ranges;
}

// Heads of a layer and branch whose choice and expectation are equal share an override.
std::vector<db::ConfigOverride> overridesOf(const TuningResult& result) {
  std::vector<db::ConfigOverride> overrides;
  for (size_t begin = 0; begin < result.heads.size();) {
    const int32_t layer = result.heads[begin].key.layer;
    size_t end = begin;
    while (end < result.heads.size() && result.heads[end].key.layer == layer) ++end;
    for (const db::Branch branch : {db::Branch::Cond, db::Branch::Uncond}) {
      std::vector<std::pair<db::MethodChoice, std::vector<int32_t>>> groups;
      for (size_t h = begin; h < end; ++h) {
        if (result.heads[h].key.branch != branch) continue;
        db::MethodChoice choice = writtenChoice(result, h);
        auto group = std::ranges::find_if(groups, [&](const auto& g) { return g.first == choice; });
        if (group == groups.end()) group = groups.insert(group, {std::move(choice), {}});
        group->second.push_back(result.heads[h].key.head);
      }
      for (auto& [choice, heads] : groups) {
        std::ranges::sort(heads);
        overrides.push_back(
            {.cells = {.steps = {}, .layers = {{layer, layer}}, .heads = rangesOf(heads), .branch = branch},
             .choice = std::move(choice)});
      }
    }
    begin = end;
  }
  return overrides;
}

Json outcomeJson(const Outcome& o) {
  return {{"recall", jsonNumber(o.recall)},        {"lowest_recall", jsonNumber(o.lowestRecall)},
          {"error", jsonNumber(o.error)},          {"speedup", jsonNumber(o.speedup())},
          {"attention_ns", jsonNumber(o.ns)},      {"attention_lo_ns", jsonNumber(o.loNs)},
          {"attention_hi_ns", jsonNumber(o.hiNs)}, {"dense_ns", jsonNumber(o.denseNs)}};
}

bool worthKeeping(const HeadCandidates& head, size_t index, size_t chosen) {
  const Candidate& c = head.candidates[index];
  if (index == 0 || index == chosen) return true;
  for (size_t i = 0; i < head.candidates.size(); ++i) {
    const Candidate& o = head.candidates[i];
    const bool noWorse = o.timeNs <= c.timeNs && o.recall >= c.recall;
    const bool somewhereBetter = o.timeNs < c.timeNs || o.recall > c.recall || i < index;
    if (i != index && noWorse && somewhereBetter) return false;
  }
  return true;
}

class Settings {  // each text once
 public:
  int64_t number(const db::MethodChoice& choice) {
    const auto [place, added] = m_numbers.try_emplace(choiceText(choice), int64_t(m_texts.size()));
    if (added) m_texts.push_back(place->first);
    return place->second;
  }
  [[nodiscard]] const std::vector<std::string>& texts() const { return m_texts; }

 private:
  std::map<std::string, int64_t> m_numbers;
  std::vector<std::string> m_texts;
};

Json headsJson(const TuningResult& result, Settings& settings) {
  Json heads = Json::array();
  for (size_t h = 0; h < result.heads.size(); ++h) {
    const HeadCandidates& head = result.heads[h];
    const size_t chosen = result.tuned.outcome.chosen[h];
    Json entry = {{"layer", head.key.layer},
                  {"head", head.key.head},
                  {"branch", std::string(db::nameOf(head.key.branch))},
                  {"reusable_steps", result.reusable[h].first},
                  {"reusable_lse_steps", result.reusable[h].second},
                  {"tried", head.candidates.size()}};
    Json candidates = Json::array();
    for (size_t i = 0; i < head.candidates.size(); ++i) {
      if (!worthKeeping(head, i, chosen)) continue;
      if (i == chosen) entry["chosen"] = candidates.size();
      const Candidate& c = head.candidates[i];
      candidates.push_back({settings.number(c.choice), jsonNumber(rounded(c.densityQk)),
                            jsonNumber(rounded(c.recall)), jsonNumber(rounded(c.recallP05)),
                            jsonNumber(rounded(c.error)), jsonNumber(std::round(c.timeNs)),
                            jsonNumber(std::round(c.timeLoNs)), jsonNumber(std::round(c.timeHiNs)),
                            c.evidence == Evidence::Probe ? 1 : 0, result.outside[h][i] ? 1 : 0});
    }
    entry["candidates"] = std::move(candidates);
    heads.push_back(std::move(entry));
  }
  return heads;
}

const char* targetKey(Target target) {
  switch (target) {
    case Target::Recall:
      return "recall";
    case Target::Error:
      return "error";
    case Target::Speedup:
      return "speedup";
  }
  return "";
}

Json extensionOf(const TuningResult& r) {
  Json json = {{"target", targetKey(r.goal.target)},
               {"value", r.goal.value},
               {"head_floor", r.goal.headFloor},
               {"over", r.over == Over::Worst ? "worst" : "mean"},
               {"predicted", outcomeJson(r.tuned.outcome)},
               {"gap", jsonNumber(r.tuned.gap)},
               {"rate_ns", jsonNumber(r.tuned.rateNs)},
               {"not_evaluated", r.notEvaluated},
               {"notes", r.notes}};
  json["best_uniform"] = nullptr;
  if (const UniformOutcome* best = bestUniform(r)) {
    json["best_uniform"] = outcomeJson(best->outcome);
    json["best_uniform"]["method"] = choiceText(best->choice);
  }
  json["left_out"] = Json::array();
  for (const LeftOut& l : r.leftOut)
    json["left_out"].push_back(
        {{"file", l.file}, {"expected", outcomeJson(l.expected)}, {"found", outcomeJson(l.found)}});
  Settings settings;
  Json heads = headsJson(r, settings);
  json["settings"] = settings.texts();
  json["heads"] = std::move(heads);
  return json;
}

}  // namespace

const UniformOutcome* bestUniform(const TuningResult& result) {
  const UniformOutcome* best = nullptr;
  for (const UniformOutcome& u : result.uniform) {
    if (!meets(u.outcome, result.goal) || u.outcome.lowestRecall < result.goal.headFloor) continue;
    if (best == nullptr || better(u.outcome, best->outcome, result.goal)) best = &u;
  }
  return best;
}

db::SparsityConfig tunedConfig(const TuningResult& r) {
  db::SparsityConfig config;
  config.model = {.className = r.run.model,
                  .layers = r.run.nLayers,
                  .heads = r.run.nHeads,
                  .tokens = r.run.seqLen,
                  .grid = r.run.grid,
                  .text = r.run.text};
  config.scheduler = r.run.scheduler;
  config.steps = r.run.nSteps;
  config.blockQ = r.run.blockQ;
  config.blockK = r.run.blockK;
  config.guidance = r.run.guidance;
  config.traces = r.uuids;
  if (r.goal.denseSteps > 0)
    config.schedule.push_back({.cells = {.steps = db::IndexRange{0, r.goal.denseSteps - 1},
                                         .layers = {},
                                         .heads = {},
                                         .branch = {}},
                               .kind = db::StepKind::Dense});
  config.overrides = overridesOf(r);
  config.extensions[kTuneKey] = extensionOf(r).dump();
  return config;
}

}  // namespace ditscope::analyzer
