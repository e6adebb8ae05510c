// SPDX-License-Identifier: Apache-2.0
#include "analyzer/import/import_rules.h"

#include <algorithm>
#include <array>

#include "analyzer/exchange/exchange_file.h"
#include "db/json_document.h"

namespace ditscope::analyzer {
namespace {

constexpr size_t kMaxPatterns = 200;
constexpr size_t kMaxPatternBytes = 500;
constexpr std::string_view kFormat = "ditscope.import-rules/1";

TextPattern patternOf(const db::JsonNode& node) {
  return TextPattern(node.text(kMaxPatternBytes));
}

void readPatterns(const db::JsonNode& root, std::string_view key, std::vector<TextPattern>& patterns) {
  if (!root.has(key)) return;
  const db::JsonNode list = root.member(key);
  list.requireArray(0, kMaxPatterns);
  patterns.clear();
  for (size_t i = 0; i < list.size(); ++i) patterns.push_back(patternOf(list.element(i)));
}

AttentionRule attentionRule(const db::JsonNode& node) {
  static constexpr std::array kKeys = {db::JsonKey{"name", true}, db::JsonKey{"layout", false}};
  node.requireObject(kKeys, db::ExtraKeys::Prefixed);
  AttentionRule rule{patternOf(node.member("name")), TensorLayout::Unknown};
  if (!node.has("layout")) return rule;
  const db::JsonNode layout = node.member("layout");
  const std::string& text = layout.text(kMaxPatternBytes);
  layout.require(text == "BHND" || text == "BNHD", "it is neither BHND nor BNHD");
  rule.layout = text == "BHND" ? TensorLayout::HeadsFirst : TensorLayout::TokensFirst;
  return rule;
}

}  // namespace

ImportRules parseRules(std::string_view text, const std::string& file) {
  const std::string what = "cannot read " + file;
  const db::Json json = db::parseJson(text, what);
  const db::JsonNode root(json, what);
  static constexpr std::array kKeys = {db::JsonKey{"format", true}, db::JsonKey{"steps"},
                                       db::JsonKey{"layers"},       db::JsonKey{"layer_begin"},
                                       db::JsonKey{"layer_end"},    db::JsonKey{"attention"},
                                       db::JsonKey{"kernels"}};
  root.requireObject(kKeys, db::ExtraKeys::Prefixed);
  const db::JsonNode format = root.member("format");
  format.require(format.text(kMaxPatternBytes) == kFormat, "it is not " + std::string(kFormat));
  // The built-in rules are read by this function too, and have nothing to start from.
  ImportRules rules = text == defaultRulesText() ? ImportRules() : defaultRules();
  readPatterns(root, "steps", rules.steps);
  readPatterns(root, "layers", rules.layers);
  readPatterns(root, "layer_begin", rules.layerBegins);
  readPatterns(root, "layer_end", rules.layerEnds);
  readPatterns(root, "kernels", rules.kernels);
  if (root.has("attention")) {
    const db::JsonNode list = root.member("attention");
    list.requireArray(0, kMaxPatterns);
    rules.attention.clear();
    for (size_t i = 0; i < list.size(); ++i) rules.attention.push_back(attentionRule(list.element(i)));
  }
  return rules;
}

ImportRules readRules(const std::filesystem::path& path) {
  return parseRules(readExchangeFile(path), path.string());
}

bool RangeMeaning::isAttention() const {
  return std::ranges::any_of(parts, [](const Part& part) { return part.kind == RangeKind::Attention; });
}

RangeMeaning meaningOf(const ImportRules& rules, std::string_view name) {
  RangeMeaning meaning;
  const auto look = [&](RangeKind kind, const std::vector<TextPattern>& patterns) {
    for (size_t i = 0; i < patterns.size(); ++i)
      if (const auto match = patterns[i].match(name)) {
        meaning.parts.push_back({kind, int16_t(i), match->number, match->labelEnd, TensorLayout::Unknown});
        return;
      }
  };
  look(RangeKind::Step, rules.steps);
  look(RangeKind::LayerBegin, rules.layerBegins);
  look(RangeKind::LayerEnd, rules.layerEnds);
  // A mark at a layer's edge names the layer, but is not the time in which it runs.
  if (meaning.parts.empty()) look(RangeKind::Layer, rules.layers);
  for (size_t i = 0; i < rules.attention.size(); ++i)
    if (const auto match = rules.attention[i].name.match(name)) {
      meaning.parts.push_back(
          {RangeKind::Attention, int16_t(i), match->number, match->labelEnd, rules.attention[i].layout});
      break;
    }
  return meaning;
}

bool isAttentionKernel(const ImportRules& rules, std::string_view name) {
  return std::ranges::any_of(rules.kernels,
                             [&](const TextPattern& pattern) { return pattern.match(name).has_value(); });
}

}  // namespace ditscope::analyzer
