// SPDX-License-Identifier: Apache-2.0
// The best_pattern files of MInference (arXiv 2407.02490, code): a JSON array of one object a layer, head
// number as text -> [type, v, s, score], sizes in tokens (blocks of 64 keys for block_sparse). A head that is
// missing has the authors' default. Our method takes a pattern and a share of the key blocks; the sizes of a
// file become that share, and stay beside it as a note, from which the file comes back as it was.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "analyzer/exchange/choice_text.h"
#include "analyzer/exchange/exchange_file.h"
#include "analyzer/exchange/head_choices.h"

namespace ditscope::analyzer {
namespace {

using OrderedJson = nlohmann::ordered_json;

constexpr const char* kNote = "x-minference";
constexpr double kDefaultDensity = 0.25, kLeastDensity = 0.001;  // of the method
constexpr int64_t kOwnBlock = 64;                                // keys, of block_sparse
constexpr int64_t kMostTokens = int64_t{1} << 32;

struct PatternName {
  const char* file;
  const char* method;
};
constexpr std::array<PatternName, 3> kPatterns = {
    {{"stream_llm", "a_shape"}, {"vertical_and_slash", "vertical_slash"}, {"block_sparse", "block_sparse"}}};

const OrderedJson& missingHead() {
  static const OrderedJson pattern = {"vertical_and_slash", 1000, 6096, 1};
  return pattern;
}

// The share of the keys that a pattern attends at most, as the method counts it: columns and diagonals, the
// first keys and the band, or the blocks. `pattern` is a valid entry of a file.
db::MethodChoice choiceOf(const OrderedJson& pattern, const db::ConfigModel& model) {
  const std::string type = pattern[0];
  const auto* known =
      std::ranges::find(kPatterns, type, [](const PatternName& p) { return std::string(p.file); });
  db::MethodChoice choice;
  if (known != kPatterns.end()) {
    const double v = pattern[1].get<double>(), s = pattern[2].get<double>();
    const double keys = type == "block_sparse" ? v * double(kOwnBlock) : v + s;
    const double density = std::clamp(keys / double(model.tokens), kLeastDensity, 1.0);
    choice.method = "minference";
    choice.parameters = {{"pattern", std::string(known->method)},
                         {"density", std::round(density * 1e6) / 1e6}};
  }
  if (pattern != OrderedJson{"dense", 0, 0, 1}) choice.extensions[kNote] = pattern.dump();
  return choice;
}

// A pattern that costs about as much as the density allows, as the method builds them.
OrderedJson patternOf(const db::MethodChoice& choice, const db::SparsityConfig& config, HeadLosses& losses) {
  const auto note = choice.extensions.find(kNote);
  if (note != choice.extensions.end()) {
    const OrderedJson pattern = OrderedJson::parse(note->second, nullptr, false);
    const bool sound = pattern.is_array() && pattern.size() == 4 && pattern[0].is_string() &&
                       pattern[1].is_number_integer() && pattern[2].is_number_integer();
    if (sound && sameSetting(choiceOf(pattern, config.model), choice)) return pattern;  // not edited since
  }
  if (choice.method == "dense") return {"dense", 0, 0, 1};
  if (choice.method != "minference") {
    losses.add(fmt::format("method {}, written as dense", choice.method));
    return {"dense", 0, 0, 1};
  }
  if (!textParameter(choice, "config").empty()) {
    losses.add("minference by a file of its own, written as dense");
    return {"dense", 0, 0, 1};
  }
  losses.addParameters(choice, {"pattern", "density", "config"});
  std::string pattern = textParameter(choice, "pattern");
  if (pattern.empty() || pattern == "search") {
    losses.add("pattern still to be searched, written as vertical_and_slash");
    pattern = "vertical_slash";
  } else {
    losses.add("density, written as sizes in tokens");
  }
  const int64_t block = config.blockK;
  const int64_t all = (config.model.tokens + block - 1) / block;
  const double density = numberParameter(choice, "density").value_or(kDefaultDensity);
  const auto blocks = std::clamp<int64_t>(std::llround(density * double(all)), 1, all);
  const double score = choice.expected.recall.value_or(1);
  if (pattern == "a_shape") {  // a fifth of them the first keys
    const int64_t sink = blocks > 1 ? std::max<int64_t>(blocks / 5, 1) : 0;
    return {"stream_llm", sink * block, (blocks - sink) * block, score};
  }
  if (pattern == "block_sparse")
    return {"block_sparse", (blocks * block + kOwnBlock - 1) / kOwnBlock, 0, score};
  return {"vertical_and_slash", blocks / 2 * block, (blocks - blocks / 2) * block, score};
}

void writeMinference(const db::SparsityConfig& config, const ExchangeOptions&,
                     const std::filesystem::path& path, LossReport& report) {
  const HeadChoices choices(config, FormatAxes::Heads, report);
  HeadLosses losses;
  OrderedJson layers = OrderedJson::array();
  for (int32_t layer = 0; layer < config.model.layers; ++layer) {
    OrderedJson heads = OrderedJson::object();
    for (int32_t head = 0; head < config.model.heads; ++head)
      heads[std::to_string(head)] = patternOf(choices.at(layer, head), config, losses);
    layers.push_back(std::move(heads));
  }
  losses.report(report);
  writeExchangeFile(path, pythonJson(layers));
}

OrderedJson checkedPattern(const ExchangeInput& input, const nlohmann::json& value, size_t layer,
                           int32_t head) {
  const auto isSize = [](const nlohmann::json& size) {
    return size.is_number_integer() && size >= 0 && size <= kMostTokens;
  };
  const bool sound = value.is_array() && value.size() == 4 && value[0].is_string() &&
                     value[0].get_ref<const std::string&>().size() <= db::kMaxNameBytes && isSize(value[1]) &&
                     isSize(value[2]) && value[3].is_number();
  if (!sound)
    refuseImport(input, fmt::format("layer {} head {} has no [type, v, s, score]", layer, head),
                 "write for example [\"vertical_and_slash\", 1000, 6096, 0.93]");
  return value;
}

db::SparsityConfig readMinference(const ExchangeInput& input, LossReport& report) {
  const nlohmann::json json = parseImport(input);
  const auto& model = input.like->model;
  if (!json.is_array()) refuseImport(input, "it is no list of layers", "give a best_pattern file");
  requireShape(input, json.size(), size_t(model.heads));  // heads may be missing
  ImportedChoices choices(*input.like);
  HeadLosses losses;
  for (size_t layer = 0; layer < json.size(); ++layer) {
    if (!json[layer].is_object())
      refuseImport(input, fmt::format("layer {} is no object", layer), "give head: pattern");
    size_t used = 0;
    for (int32_t head = 0; head < model.heads; ++head) {
      const auto found = json[layer].find(std::to_string(head));
      const bool named = found != json[layer].end();
      used += named ? 1 : 0;
      if (!named) losses.add("not in the file, taken as the authors' default vertical_and_slash 1000, 6096");
      const OrderedJson pattern = named ? checkedPattern(input, *found, layer, head) : missingHead();
      const db::MethodChoice choice = choiceOf(pattern, model);
      if (choice.method == "minference") losses.add("sizes in tokens become a density, and stay as a note");
      if (choice.method == "dense" && pattern[0] != "dense")
        losses.add(fmt::format("pattern {} is unknown and runs dense", std::string(pattern[0])));
      choices.setAllSteps(int32_t(layer), head, choice);
    }
    if (used != json[layer].size())
      refuseImport(input, fmt::format("layer {} has heads beyond the {} of --like", layer, model.heads),
                   "give with --like a run or a configuration of the model that it was made for");
  }
  losses.report(report);
  return choices.config();
}

}  // namespace

ExchangeFormat minferenceExchange() {
  return {.name = "minference",
          .help = "best_pattern JSON of MInference",
          .extension = ".json",
          .write = writeMinference,
          .read = readMinference};
}

}  // namespace ditscope::analyzer
