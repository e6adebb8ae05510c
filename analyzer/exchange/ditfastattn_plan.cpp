// SPDX-License-Identifier: Apache-2.0
#include "analyzer/exchange/ditfastattn_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <optional>
#include <set>

#include "analyzer/exchange/choice_text.h"
#include "analyzer/exchange/exchange_file.h"
#include "analyzer/exchange/head_choices.h"

namespace ditscope::analyzer {
namespace {

constexpr const char* kFull = "full_attn";
constexpr const char* kWithoutResidual = "+without_residual";  // the authors' ablation

struct Treatment {
  const char* file;
  const char* strategy;  // of the method ditfastattn
};
constexpr std::array<Treatment, 4> kTreatments = {{{"residual_window_attn", "wars"},
                                                   {"residual_window_attn+cfg_attn_share", "wars_asc"},
                                                   {"full_attn+cfg_attn_share", "asc"},
                                                   {"output_share", "ast"}}};

std::string withoutAblation(std::string name) {
  const size_t at = name.find(kWithoutResidual);
  if (at != std::string::npos) name.erase(at, std::string_view(kWithoutResidual).size());
  return name;
}

const Treatment* treatmentOf(const std::string& name) {
  const auto* found = std::ranges::find(kTreatments, withoutAblation(name),
                                        [](const Treatment& t) { return std::string(t.file); });
  return found == kTreatments.end() ? nullptr : found;
}

const char* nameOf(const db::MethodChoice& choice, HeadLosses& losses) {
  if (choice.method == "dense") return kFull;
  std::string strategy = textParameter(choice, "strategy");
  if (strategy.empty()) strategy = "wars";  // the method's default
  const auto* found =
      std::ranges::find(kTreatments, strategy, [](const Treatment& t) { return std::string(t.strategy); });
  if (choice.method == "ditfastattn" && textParameter(choice, "plan").empty() && found != kTreatments.end()) {
    losses.addParameters(choice, {"strategy", "window", "plan", "refresh", "dense_steps"});
    if (numberParameter(choice, "refresh").value_or(5) != 0) losses.add("refresh of ditfastattn");
    return found->file;
  }
  losses.add(choice.method == "ditfastattn"
                 ? "ditfastattn by a plan of its own or arrow attention, written as full_attn"
                 : fmt::format("method {}, written as full_attn", choice.method));
  return kFull;
}

// The first steps, which the method runs dense by itself; below 1 a share of all.
bool isDenseStep(const db::MethodChoice& choice, int32_t step, int32_t steps) {
  const double count = numberParameter(choice, "dense_steps").value_or(1);
  return choice.method == "ditfastattn" && step < std::floor(count < 1 ? count * steps + 1e-9 : count);
}

// The window that most cells have.
double windowOf(const std::map<double, int64_t>& windows, LossReport& report) {
  if (windows.empty()) return FastAttnPlan{}.window;
  const auto most = std::ranges::max_element(windows, {}, [](const auto& w) { return w.second; });
  if (windows.size() > 1)
    report.push_back(
        fmt::format("window: {} different widths, {} stands for all", windows.size(), most->first));
  return most->first;
}

}  // namespace

bool isTreatment(std::string_view name) {
  return name == kFull || treatmentOf(std::string(name)) != nullptr;
}

FastAttnPlan planOf(const db::SparsityConfig& config, LossReport& report) {
  const HeadChoices choices(config, FormatAxes::StepsAndHeads, report);
  HeadLosses losses;
  std::map<double, int64_t> windows;
  int64_t collapsed = 0;
  FastAttnPlan plan;
  for (int32_t step = 0; step < config.steps; ++step) {
    std::vector<std::string>& layers = plan.steps.emplace_back();
    for (int32_t layer = 0; layer < config.model.layers; ++layer) {
      std::map<std::string, int64_t> votes;
      for (int32_t head = 0; head < config.model.heads; ++head) {
        const db::MethodChoice& choice = choices.at(step, layer, head);
        const std::string name = isDenseStep(choice, step, config.steps) ? kFull : nameOf(choice, losses);
        ++votes[name];
        if (name.starts_with("residual_window"))
          ++windows[numberParameter(choice, "window").value_or(FastAttnPlan{}.window)];
      }
      collapsed += votes.size() > 1 ? 1 : 0;
      layers.push_back(
          std::ranges::max_element(votes, {}, [](const auto& vote) { return vote.second; })->first);
    }
  }
  losses.report(report, "heads of steps");
  if (collapsed > 0)
    report.push_back(fmt::format("heads: {} of {} layers of steps collapsed to the choice of most heads",
                                 collapsed, int64_t{config.steps} * config.model.layers));
  plan.window = windowOf(windows, report);
  return plan;
}

db::SparsityConfig configOf(const FastAttnPlan& plan, const ExchangeInput& input, LossReport& report) {
  const db::SparsityConfig& like = *input.like;
  requireShape(input, plan.steps.empty() ? 0 : plan.steps[0].size(), size_t(like.model.heads));
  if (plan.steps.size() != size_t(like.steps))
    refuseImport(input, fmt::format("it is for {} steps, --like has {}", plan.steps.size(), like.steps),
                 "give with --like a run or a configuration of as many steps");
  ImportedChoices choices(like);
  std::vector<uint32_t> dense(size_t(like.cells()), 0);
  const CellExtent extent{like.steps, like.model.layers, like.model.heads};
  int64_t mixed = 0, ablated = 0;
  for (int32_t layer = 0; layer < like.model.layers; ++layer) {
    std::optional<db::MethodChoice> next;  // of the steps behind, which full attention prepares
    std::set<std::string> used;
    for (int32_t step = like.steps - 1; step >= 0; --step) {
      const std::string& name = plan.steps[size_t(step)][size_t(layer)];
      ablated += name.find(kWithoutResidual) != std::string::npos ? 1 : 0;
      if (const Treatment* treatment = treatmentOf(name)) {
        used.insert(treatment->strategy);
        next = db::MethodChoice{
            .method = "ditfastattn",
            .parameters = {{"strategy", std::string(treatment->strategy)}, {"refresh", 0.0}}};
        if (std::string_view(treatment->strategy).starts_with("wars"))
          next->parameters["window"] = plan.window;
      }
      for (int32_t head = 0; head < like.model.heads; ++head) {
        if (next) choices.set(step, layer, head, *next);
        for (const db::Branch branch : {db::Branch::Cond, db::Branch::Uncond})
          if (name == kFull && next) dense[extent.place({step, layer, head, branch})] = 1;
      }
    }
    mixed += used.size() > 1 ? 1 : 0;
  }
  if (mixed > 0)
    report.push_back(
        fmt::format("{} layers change between treatments, each of which keeps a state of its own; exact is "
                    "ditscope collect --method ditfastattn:plan=FILE",
                    mixed));
  if (ablated > 0)
    report.push_back(fmt::format("windows without residual: {} layers of steps get one", ablated));
  db::SparsityConfig config = choices.config();
  for (const CellGroup& group : groupCells(extent, dense))
    config.schedule.push_back({group.cells, db::StepKind::Dense});
  return config;
}

}  // namespace ditscope::analyzer
