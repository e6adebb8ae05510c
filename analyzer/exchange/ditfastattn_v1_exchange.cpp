// SPDX-License-Identifier: Apache-2.0
// The plan that the authors of DiTFastAttn (arXiv 2406.08552, code) keep: torch.save, whatever the name of
// the file ends in, of a list of one dictionary a layer, {"attn1": a text a step, "attn2": None, "ff": None}.
// The width of the window is an option of their program and not in the file.
#include <fmt/format.h>

#include "analyzer/exchange/ditfastattn_plan.h"
#include "analyzer/exchange/exchange_file.h"
#include "db/torch_file.h"

namespace ditscope::analyzer {
namespace {

void writeFirstPlan(const db::SparsityConfig& config, const ExchangeOptions&,
                    const std::filesystem::path& path, LossReport& report) {
  const FastAttnPlan plan = planOf(config, report);
  const int64_t tokens = config.model.grid.count();
  report.push_back(
      fmt::format("window: {} of the tokens on either side, which the authors' program takes as "
                  "an option: [-{}, {}]",
                  plan.window, int64_t(plan.window * double(tokens)), int64_t(plan.window * double(tokens))));
  db::TorchValue::List layers;
  for (int32_t layer = 0; layer < config.model.layers; ++layer) {
    db::TorchValue::List steps;
    for (const std::vector<std::string>& step : plan.steps) steps.push_back({step[size_t(layer)]});
    db::TorchValue::Dict entry;
    entry.push_back({{std::string("attn1")}, {std::move(steps)}});
    entry.push_back({{std::string("attn2")}, {}});
    entry.push_back({{std::string("ff")}, {}});
    layers.emplace_back().content = std::move(entry);
  }
  db::writeTorchFile(path, {std::move(layers)});
}

const db::TorchValue::List* stepsOf(const db::TorchValue& layer) {
  const auto* dict = layer.as<db::TorchValue::Dict>();
  if (dict == nullptr) return nullptr;
  for (const db::TorchEntry& entry : *dict) {
    const auto* key = entry.key.as<std::string>();
    if (key != nullptr && *key == "attn1") return entry.value.as<db::TorchValue::List>();
  }
  return nullptr;
}

db::SparsityConfig readFirstPlan(const ExchangeInput& input, LossReport& report) {
  constexpr const char* kRemedy =
      "give the plan of DiTFastAttn's first version, a list of {\"attn1\": [...]}";
  const db::TorchValue value = db::parseTorchFile(std::as_bytes(std::span(input.bytes)), input.name);
  const auto* layers = value.as<db::TorchValue::List>();
  if (layers == nullptr || layers->empty()) refuseImport(input, "it holds no list of layers", kRemedy);
  FastAttnPlan plan;
  for (size_t layer = 0; layer < layers->size(); ++layer) {
    const db::TorchValue::List* steps = stepsOf((*layers)[layer]);
    if (steps == nullptr || (layer > 0 && steps->size() != plan.steps.size()))
      refuseImport(input, fmt::format("layer {} has no attn1 with the steps of layer 0", layer), kRemedy);
    plan.steps.resize(steps->size());
    for (size_t step = 0; step < steps->size(); ++step) {
      const auto* name = (*steps)[step].as<std::string>();
      if (name == nullptr || !isTreatment(*name))
        refuseImport(input, fmt::format("layer {} step {} has none of its methods", layer, step), kRemedy);
      plan.steps[step].push_back(*name);
    }
  }
  report.push_back(
      fmt::format("window: not in the file, the authors' {} of the tokens is assumed", plan.window));
  return configOf(plan, input, report);
}

}  // namespace

ExchangeFormat ditfastattnV1Exchange() {
  return {.name = "ditfastattn-v1",
          .help = "plan of DiTFastAttn's authors (torch.save)",
          .extension = ".pt",
          .write = writeFirstPlan,
          .read = readFirstPlan};
}

}  // namespace ditscope::analyzer
