// SPDX-License-Identifier: Apache-2.0
#include "analyzer/tune/explain.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "analyzer/exchange/choice_text.h"
#include "analyzer/format.h"
#include "analyzer/machine_text.h"
#include "analyzer/statistics.h"
#include "analyzer/text_table.h"
#include "analyzer/tune/tuned_config.h"
#include "db/enum_names.h"
#include "db/error.h"

namespace ditscope::analyzer {
namespace {

using Json = nlohmann::ordered_json;

struct Line {  // a candidate as the configuration keeps it
  std::string setting;
  double density = kNaN, recall = kNaN, recallP05 = kNaN, error = kNaN, ns = kNaN, lo = kNaN, hi = kNaN;
  bool probe = false, extrapolated = false, chosen = false;
};

struct Explanation {
  db::Cell cell;
  db::StepKind kind = db::StepKind::Sparse;
  db::MethodChoice choice;
  std::vector<Line> lines;  // fastest first; empty without the extension
  int64_t tried = 0, reusable = 0, reusableLse = 0;
  double rateNs = kNaN;
};

double numberAt(const Json& array, size_t index) {
  return array.is_array() && index < array.size() && array[index].is_number() ? array[index].get<double>()
                                                                              : kNaN;
}

[[noreturn]] void refuseExtension(const std::string& file) {
  throw db::Error(db::Error::Kind::BadInput, fmt::format("{} /{}", file, kTuneKey),
                  "its candidates are not as ditscope tune writes them", "tune again");
}

void readLines(const std::string& file, const Json& tune, const Json& head, Explanation& e) {
  const Json candidates = head.value("candidates", Json::array());
  const Json settings = tune.value("settings", Json::array());
  const int64_t chosen = head.value("chosen", int64_t{-1});
  for (size_t i = 0; i < candidates.size(); ++i) {
    const Json& c = candidates[i];
    const double setting = numberAt(c, 0);
    if (!(setting >= 0) || !(setting < double(settings.size())) || !settings[size_t(setting)].is_string())
      refuseExtension(file);
    e.lines.push_back({.setting = settings[size_t(setting)].get<std::string>(),
                       .density = numberAt(c, 1),
                       .recall = numberAt(c, 2),
                       .recallP05 = numberAt(c, 3),
                       .error = numberAt(c, 4),
                       .ns = numberAt(c, 5),
                       .lo = numberAt(c, 6),
                       .hi = numberAt(c, 7),
                       .probe = numberAt(c, 8) == 1,
                       .extrapolated = numberAt(c, 9) == 1,
                       .chosen = int64_t(i) == chosen});
  }
  std::ranges::stable_sort(e.lines, [](const Line& a, const Line& b) { return a.ns < b.ns; });
  e.tried = head.value("tried", int64_t(candidates.size()));
  e.reusable = head.value("reusable_steps", int64_t{0});
  e.reusableLse = head.value("reusable_lse_steps", int64_t{0});
  e.rateNs = tune.contains("rate_ns") && tune["rate_ns"].is_number() ? tune["rate_ns"].get<double>() : kNaN;
}

void checkCell(const std::string& file, const db::SparsityConfig& config, const db::Cell& cell) {
  const auto check = [&](const char* name, int32_t index, int32_t count) {
    if (index >= 0 && index < count) return;
    throw db::Error(db::Error::Kind::BadInput, fmt::format("{} {}", name, index),
                    fmt::format("{} has {} 0 to {}", file, name, count - 1), "choose one of them");
  };
  check("step", cell.step, config.steps);
  check("layer", cell.layer, config.model.layers);
  check("head", cell.head, config.model.heads);
}

Explanation explain(const std::string& file, const db::SparsityConfig& config, const ExplainQuery& query) {
  Explanation e;
  e.cell = {query.step.value_or(0), query.layer, query.head, query.branch.value_or(db::Branch::Cond)};
  checkCell(file, config, e.cell);
  if (!query.step)
    while (e.cell.step + 1 < config.steps && config.kindOf(e.cell) == db::StepKind::Dense) ++e.cell.step;
  e.kind = config.kindOf(e.cell);
  e.choice = config.resolve(e.cell);
  const auto extension = config.extensions.find(kTuneKey);
  if (extension == config.extensions.end()) return e;
  const Json tune = Json::parse(extension->second, nullptr, false);
  try {
    if (!tune.is_object()) refuseExtension(file);
    for (const Json& head : tune.value("heads", Json::array()))
      if (head.value("layer", -1) == query.layer && head.value("head", -1) == query.head &&
          head.value("branch", std::string()) == db::nameOf(e.cell.branch))
        readLines(file, tune, head, e);
  } catch (const Json::exception&) {
    refuseExtension(file);
  }
  return e;
}

std::string candidateTable(const Explanation& e, const TextStyle& style) {
  TextTable table("  ");
  table.addColumn("", Align::Left);
  table.addColumn("candidate", Align::Left);
  for (const char* title : {"density", "recall", "p05", "error", "time a call"}) table.addColumn(title);
  table.addColumn("evidence", Align::Left);
  for (const Line& l : e.lines)
    table.addRow(
        {l.chosen ? ">" : "", plainText(l.setting), formatPercent(l.density), fmt::format("{:.4f}", l.recall),
         fmt::format("{:.4f}", l.recallP05), fmt::format("{:.4f}", l.error), formatDuration(l.ns),
         fmt::format("{}{}", l.probe ? "measured" : "offline", l.extrapolated ? ", extrapolated" : "")});
  return table.render(style);
}

// What the neighbours in time would have changed.
std::string reasons(const Explanation& e, int32_t sparseSteps) {
  const auto chosen = std::ranges::find_if(e.lines, [](const Line& l) { return l.chosen; });
  if (chosen == e.lines.end()) return {};
  const auto dense = std::ranges::find_if(e.lines, [](const Line& l) { return l.setting == "dense"; });
  std::string text;
  if (dense != e.lines.end() && dense != chosen)
    text += fmt::format("Against dense it saves {} a call ({}) and costs {:.4f} of recall.\n",
                        formatDuration(dense->ns - chosen->ns), formatPercent(1 - chosen->ns / dense->ns),
                        dense->recall - chosen->recall);
  const auto exchange = [&](const Line& other, double ns, double recall) {
    return fmt::format("{} a call for {:.4f} of recall ({}), {} in a run for each 0.01", formatDuration(ns),
                       recall, plainText(other.setting),
                       formatDuration(recall > 0 ? ns * sparseSteps / recall / 100 : kNaN));
  };
  if (chosen != e.lines.begin())
    text += fmt::format(
        "The next faster candidate would have saved {}.\n",
        exchange(*(chosen - 1), chosen->ns - (chosen - 1)->ns, chosen->recall - (chosen - 1)->recall));
  if (chosen + 1 != e.lines.end())
    text += fmt::format(
        "The next slower one would have cost {}.\n",
        exchange(*(chosen + 1), (chosen + 1)->ns - chosen->ns, (chosen + 1)->recall - chosen->recall));
  if (e.rateNs > 0)
    text += fmt::format("Over all heads the last 0.01 of a head's recall (or error) was worth {} in a run.\n",
                        formatDuration(e.rateNs / 100));
  return text + fmt::format("Masks of this head stay good for about {}, its LSE for about {}.\n",
                            plural(e.reusable, "further step"), e.reusableLse);
}

}  // namespace

std::string explainText(const std::string& file, const db::SparsityConfig& config, const ExplainQuery& query,
                        const TextStyle& style) {
  const Explanation e = explain(file, config, query);
  std::string text = emphasise(fmt::format("Layer {}, head {}, {}, step {}", e.cell.layer, e.cell.head,
                                           db::nameOf(e.cell.branch), e.cell.step),
                               Emphasis::Heading, style);
  text += fmt::format(": {}\n", plainText(choiceText(e.choice)));
  if (e.kind != db::StepKind::Sparse)
    text += fmt::format("The schedule says {} for this step, whatever the method.\n", db::nameOf(e.kind));
  const db::Expected& x = e.choice.expected;
  const auto value = [](const auto& v) {
    return v ? fmt::format("{:.4f}", double(*v)) : std::string(kNoValue);
  };
  text += fmt::format("Expected: density {}, recall {}, error {}, {} a call\n\n", value(x.density),
                      value(x.recall), value(x.error),
                      x.timeNs ? formatDuration(double(*x.timeNs)) : std::string(kNoValue));
  if (e.lines.empty())
    return text + "The configuration keeps no candidates: it was not made by ditscope tune.\n";
  text += reasons(e, config.steps - 1) + "\n" + candidateTable(e, style);
  return text + fmt::format("{} of {} tried; the others are beaten in both time and recall.\n",
                            e.lines.size(), plural(e.tried, "candidate"));
}

std::string explainJson(const std::string& file, const db::SparsityConfig& config,
                        const ExplainQuery& query) {
  const Explanation e = explain(file, config, query);
  Json json = {{"schema", "ditscope.explain/1"},
               {"config", file},
               {"layer", e.cell.layer},
               {"head", e.cell.head},
               {"branch", std::string(db::nameOf(e.cell.branch))},
               {"step", e.cell.step},
               {"kind", std::string(db::nameOf(e.kind))},
               {"method", choiceText(e.choice)},
               {"tried", e.tried},
               {"reusable_steps", e.reusable},
               {"reusable_lse_steps", e.reusableLse},
               {"rate_ns", jsonNumber(e.rateNs)},
               {"candidates", Json::array()}};
  for (const Line& l : e.lines)
    json["candidates"].push_back({{"method", l.setting},
                                  {"chosen", l.chosen},
                                  {"density", jsonNumber(l.density)},
                                  {"recall", jsonNumber(l.recall)},
                                  {"recall_p05", jsonNumber(l.recallP05)},
                                  {"error", jsonNumber(l.error)},
                                  {"time_ns", jsonNumber(l.ns)},
                                  {"time_lo_ns", jsonNumber(l.lo)},
                                  {"time_hi_ns", jsonNumber(l.hi)},
                                  {"evidence", l.probe ? "probe" : "offline"},
                                  {"extrapolated", l.extrapolated}});
  return jsonText(json);
}

}  // namespace ditscope::analyzer
