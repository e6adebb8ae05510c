// SPDX-License-Identifier: Apache-2.0
// The skip-softmax settings (BLASST, arXiv 2512.12087) that NVIDIA ModelOpt, TensorRT-LLM and vLLM-Omni keep
// in the config.json of a model component, under sparse_attention_config: one group with a curve from the
// target sparsity to the scale factor, lambda = scale factor / keys, for all layers but the ignored ones, and
// a gate that keeps the first steps dense. Written in the published form (`coefficients`); read as well:
// ModelOpt's prefill / decode and log_a coefficients and initial_disabled_steps, a plain number as the scale
// factor, and vLLM-Omni's {"skip_softmax": {"threshold": lambda}}.
#include "analyzer/exchange/skip_softmax.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "analyzer/exchange/choice_text.h"
#include "analyzer/exchange/exchange_file.h"
#include "analyzer/exchange/head_choices.h"
#include "analyzer/exchange/module_names.h"
#include "db/error.h"

namespace ditscope::analyzer {
namespace {

using OrderedJson = nlohmann::ordered_json;

constexpr const char* kNote = "x-skip-softmax";  // of a configuration that was imported: its group
constexpr double kDefaultLambda = 0.1, kDefaultTarget = 0.5;  // of the method
constexpr double kMostScale = 1e12;                           // likewise

[[noreturn]] void refuseExport(const std::string& why, const std::string& remedy) {
  throw db::Error(db::Error::Kind::BadInput, "cannot write skip-softmax settings", why, remedy);
}

// What a blasst choice computes, as a curve: flat where it has no calibration.
SkipSetting settingOf(const db::MethodChoice& choice, const db::SparsityConfig& config) {
  const std::string calibration = textParameter(choice, "calibration");
  const double target = numberParameter(choice, "target").value_or(kDefaultTarget);
  if (!calibration.empty()) {
    const std::string text = readExchangeFile(calibration);
    const nlohmann::json json = parseImport({.bytes = text, .name = calibration});
    const nlohmann::json global =
        json.is_object() ? json.value("global", nlohmann::json()) : nlohmann::json();
    const nlohmann::json a = global.is_object() ? global.value("log_a", nlohmann::json()) : nlohmann::json();
    const nlohmann::json b = global.is_object() ? global.value("b", nlohmann::json()) : nlohmann::json();
    if (!a.is_number() || !b.is_number())
      refuseExport(calibration + " is no calibration of in-loop skips",
                   "make one with ditscope-collect calibrate");
    return {.a = std::exp(a.get<double>()), .b = b.get<double>(), .target = target};
  }
  const double given = numberParameter(choice, "scale_factor").value_or(0);
  if (given > 0) return {.a = given, .b = 0, .target = target};
  const double lambda = numberParameter(choice, "lambda").value_or(kDefaultLambda);
  return {.a = lambda * double(config.model.tokens), .b = 0, .target = target};
}

bool sameScale(double a, double b) {
  return std::abs(a - b) <= 1e-9 * std::max(std::abs(a), std::abs(b));
}

// The settings of the heads that skip, the most frequent for all, and the layers without such heads.
struct Chosen {
  db::MethodChoice choice;
  std::vector<int32_t> denseLayers;
};

Chosen choose(const db::SparsityConfig& config, const HeadChoices& choices, LossReport& report) {
  HeadLosses losses;
  std::map<std::string, std::pair<int64_t, db::MethodChoice>> votes;
  Chosen chosen;
  for (int32_t layer = 0; layer < config.model.layers; ++layer) {
    int64_t dense = 0, skipping = 0;
    for (int32_t head = 0; head < config.model.heads; ++head) {
      const db::MethodChoice& choice = choices.at(layer, head);
      if (choice.method == "blasst") {
        losses.addParameters(choice, {"lambda", "scale_factor", "calibration", "target", "curve",
                                      "dense_steps", "dense_until"});
        if (textParameter(choice, "curve") == "head") losses.add("a curve of each head's own");
        ++votes.try_emplace(choiceText(choice), 0, choice).first->second.first;
        ++skipping;
      } else {
        ++dense;
        if (choice.method != "dense")
          losses.add(fmt::format("method {}, which the file cannot name", choice.method));
      }
    }
    if (skipping == 0) chosen.denseLayers.push_back(layer);
    for (; skipping > 0 && dense > 0; --dense) losses.add("not skipping, in a layer that does, and skip too");
  }
  if (votes.empty()) refuseExport("no head has the method blasst", "export to another format");
  const auto most = std::ranges::max_element(votes, {}, [](const auto& vote) { return vote.second.first; });
  for (const auto& [text, vote] : votes)
    for (int64_t i = 0; text != most->first && i < vote.first; ++i)
      losses.add("another threshold than the most frequent one, which stands for all");
  chosen.choice = most->second.second;
  losses.report(report);
  return chosen;
}

// Steps from the first on in which everything is dense.
int32_t denseSteps(const db::SparsityConfig& config) {
  const db::ConfigTable table(config);
  for (int32_t step = 0; step < config.steps; ++step) {
    for (int32_t layer = 0; layer < config.model.layers; ++layer) {
      for (int32_t head = 0; head < config.model.heads; ++head) {
        for (const db::Branch branch : {db::Branch::Cond, db::Branch::Uncond}) {
          const db::Cell cell{step, layer, head, branch};
          if (table.kindOf(cell) != db::StepKind::Dense && table.resolve(cell).method != "dense") return step;
        }
      }
    }
  }
  return config.steps;
}

// Between the last dense step and the next one, so that "dense at t >= gate" and "t > gate" agree; the
// shortest such number.
double gateBetween(double dense, double next) {
  for (double scale = 100; scale <= 1e9; scale *= 10) {
    const double gate = std::round((dense + next) / 2 * scale) / scale;
    if (gate < dense && gate > next) return gate;
  }
  return (dense + next) / 2;
}

// The gate of the method itself, or the one that keeps the first dense steps dense.
std::optional<double> gateOf(const db::SparsityConfig& config, const db::MethodChoice& choice,
                             const ExchangeOptions& options, LossReport& report) {
  const std::optional<double> until = numberParameter(choice, "dense_until");
  const double own = numberParameter(choice, "dense_steps").value_or(0);  // below 1 a share of all
  const double ownSteps = std::floor(own < 1 ? own * config.steps + 1e-9 : own);
  const auto steps = std::max(denseSteps(config), int32_t(std::clamp(ownSteps, 0.0, double(config.steps))));
  const std::vector<double>& times = options.times;
  if (steps > 0 && times.size() == size_t(config.steps)) {
    const double next = size_t(steps) < times.size() ? times[size_t(steps)] : 0;
    return std::min(until.value_or(1), gateBetween(times[size_t(steps) - 1], next));
  }
  if (steps > 0)
    report.push_back(
        fmt::format("schedule: the first {} of {} steps are dense, which takes the times of the "
                    "steps; give --like with a recorded run",
                    steps, config.steps));
  if (until && *until < 1) return until;
  return {};
}

OrderedJson ignored(const Chosen& chosen, const db::SparsityConfig& config, const ExchangeOptions& options,
                    const OrderedJson& note) {
  const LayerModules modules(config.model, options.module);
  if (note.contains("ignore") && modules.matching(note["ignore"], config.model.layers) == chosen.denseLayers)
    return note["ignore"];
  OrderedJson patterns = {"*.attn2*"};  // cross-attention is none of ours
  for (const int32_t layer : chosen.denseLayers) patterns.push_back(modules.name(layer) + "*");
  return patterns;
}

OrderedJson noteOf(const db::SparsityConfig& config) {
  const auto found = config.extensions.find(kNote);
  if (found == config.extensions.end()) return OrderedJson::object();
  const nlohmann::json group = nlohmann::json::parse(found->second, nullptr, false);
  return isSkipNote(group) ? OrderedJson::parse(found->second) : OrderedJson::object();
}

void writeSkipSoftmax(const db::SparsityConfig& config, const ExchangeOptions& options,
                      const std::filesystem::path& path, LossReport& report) {
  const int32_t carried = denseSteps(config);
  const HeadChoices choices(config, FormatAxes::Heads, report, carried);
  const Chosen chosen = choose(config, choices, report);
  const OrderedJson note = noteOf(config);
  SkipSetting setting = settingOf(chosen.choice, config);
  if (note.contains("a")) {
    const SkipSetting noted{.a = note["a"], .b = note["b"], .target = note["target_sparsity"]};
    if (sameScale(noted.scale(), setting.scale())) setting = noted;  // the curve it was taken from
  }
  if (options.target) setting.target = *options.target;
  if (setting.b == 0)
    report.push_back("curve: none is known, the target sparsity does not move the threshold");
  OrderedJson group;
  group["algorithm"] = "skip_softmax";
  group["targets"] =
      note.contains("targets")
          ? note["targets"]
          : OrderedJson{config.model.className.starts_with("Wan") ? "WanAttention" : "Attention"};
  group["ignore"] = ignored(chosen, config, options, note);
  group["threshold_scale_factor"] = {{"formula", kSkipFormula},
                                     {"coefficients", {{"a", setting.a}, {"b", setting.b}}}};
  group["target_sparsity"] = setting.target;
  const std::optional<double> gate = gateOf(config, chosen.choice, options, report);
  if (gate) group["disabled_until_timestep"] = *gate;
  OrderedJson root;
  root["sparse_attention_config"]["config_groups"]["group_0"] = std::move(group);
  writeExchangeFile(path, root.dump(2) + "\n");
}

db::SparsityConfig readSkipSoftmax(const ExchangeInput& input, LossReport& report) {
  const nlohmann::json json = parseImport(input);
  const SkipGroup group = parseSkipGroup(input, json);
  const db::SparsityConfig& like = *input.like;
  db::MethodChoice skip{.method = "blasst"};
  if (group.lambda) {
    skip.parameters["lambda"] = *group.lambda;
  } else {
    const double scale = group.setting.scale();
    if (!(scale > 0 && scale <= kMostScale))
      refuseImport(input,
                   fmt::format("its scale factor is {:g} at a target of {:g}", scale, group.setting.target),
                   "check its coefficients, or give another --target");
    skip.parameters["scale_factor"] = scale;
    const double lambda = scale / double(like.model.tokens);
    if (lambda > 1)
      report.push_back(
          fmt::format("threshold: {:.4g} at {} tokens is above 1 and runs as 1", lambda, like.model.tokens));
  }
  if (group.gate.value_or(0) > 0) skip.parameters["dense_until"] = *group.gate;  // 0 is no gate
  if (group.disabledSteps.value_or(0) > 0) skip.parameters["dense_steps"] = double(*group.disabledSteps);
  ImportedChoices choices(like);
  const LayerModules modules(like.model, input.options.module);
  const std::vector<int32_t> dense = modules.matching(group.ignore, like.model.layers);
  for (int32_t layer = 0; layer < like.model.layers; ++layer)
    for (int32_t head = 0; head < like.model.heads && !std::ranges::binary_search(dense, layer); ++head)
      choices.setAllSteps(layer, head, skip);
  db::SparsityConfig config = choices.config();
  config.extensions[kNote] = skipNote(group).dump();
  return config;
}

}  // namespace

ExchangeFormat skipSoftmaxExchange() {
  return {.name = "skip-softmax",
          .help = "skip-softmax settings of ModelOpt, TensorRT-LLM and vLLM-Omni",
          .extension = ".json",
          .write = writeSkipSoftmax,
          .read = readSkipSoftmax};
}

}  // namespace ditscope::analyzer
