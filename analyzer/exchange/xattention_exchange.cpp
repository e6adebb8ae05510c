// SPDX-License-Identifier: Apache-2.0
// The thresholds of XAttention (arXiv 2503.16428): a nested list [layer][head] of tau, which its code keeps
// as a Python literal; numbers in brackets are that and JSON alike. A head with tau 1 keeps everything.
#include <fmt/format.h>

#include "analyzer/exchange/choice_text.h"
#include "analyzer/exchange/exchange_file.h"
#include "analyzer/exchange/head_choices.h"

namespace ditscope::analyzer {
namespace {

constexpr double kDefaultTau = 0.9;  // of the method

double tauOf(const db::MethodChoice& choice, HeadLosses& losses) {
  if (choice.method == "dense") return 1;
  if (choice.method != "xattention" || !textParameter(choice, "thresholds").empty()) {
    losses.add(choice.method != "xattention" ? fmt::format("method {}, written as dense", choice.method)
                                             : "xattention by a file of its own, written as dense");
    return 1;
  }
  losses.addParameters(choice, {"tau", "thresholds"});
  return numberParameter(choice, "tau").value_or(kDefaultTau);
}

void writeXattention(const db::SparsityConfig& config, const ExchangeOptions&,
                     const std::filesystem::path& path, LossReport& report) {
  const HeadChoices choices(config, FormatAxes::Heads, report);
  HeadLosses losses;
  nlohmann::ordered_json layers = nlohmann::ordered_json::array();
  for (int32_t layer = 0; layer < config.model.layers; ++layer) {
    nlohmann::ordered_json heads = nlohmann::ordered_json::array();
    for (int32_t head = 0; head < config.model.heads; ++head)
      heads.push_back(tauOf(choices.at(layer, head), losses));
    layers.push_back(std::move(heads));
  }
  losses.report(report);
  writeExchangeFile(path, pythonJson(layers) + "\n");
}

db::SparsityConfig readXattention(const ExchangeInput& input, LossReport&) {
  const nlohmann::json json = parseImport(input);
  constexpr const char* kShape = "give a list of layers, each a list of one number from 0 to 1 a head";
  if (!json.is_array() || json.empty() || !json[0].is_array())
    refuseImport(input, "it is not a list of lists of numbers", kShape);
  requireShape(input, json.size(), json[0].size());
  ImportedChoices choices(*input.like);
  for (size_t layer = 0; layer < json.size(); ++layer) {
    if (!json[layer].is_array() || json[layer].size() != json[0].size())
      refuseImport(input, fmt::format("layer {} has not the {} heads of layer 0", layer, json[0].size()),
                   kShape);
    for (size_t head = 0; head < json[layer].size(); ++head) {
      const nlohmann::json& value = json[layer][head];
      const double tau = value.is_number() ? value.get<double>() : -1;
      if (!(tau >= 0 && tau <= 1))
        refuseImport(input, fmt::format("layer {} head {} has no number from 0 to 1", layer, head), kShape);
      if (tau == 1) continue;  // dense
      choices.setAllSteps(int32_t(layer), int32_t(head),
                          {.method = "xattention", .parameters = {{"tau", tau}}});
    }
  }
  return choices.config();
}

}  // namespace

ExchangeFormat xattentionExchange() {
  return {.name = "xattention",
          .help = "nested list of XAttention's thresholds, [layer][head]",
          .extension = ".json",
          .write = writeXattention,
          .read = readXattention};
}

}  // namespace ditscope::analyzer
