// SPDX-License-Identifier: Apache-2.0
#include "collector/methods/minference_config.h"

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "collector/json_file.h"
#include "collector/output_file.h"
#include "db/error.h"

namespace ditscope::collector {
namespace {

constexpr std::pair<PatternType, const char*> kFileNames[] = {
    {PatternType::Dense, "dense"},
    {PatternType::AShape, "stream_llm"},
    {PatternType::VerticalSlash, "vertical_and_slash"},
    {PatternType::BlockSparse, "block_sparse"},
};

std::optional<HeadPattern> patternFrom(const nlohmann::json& json) {
  if (!json.is_array() || json.size() != 4 || !json[0].is_string() || !json[1].is_number_integer() ||
      !json[2].is_number_integer() || !json[3].is_number())
    return std::nullopt;
  for (const auto& [type, name] : kFileNames) {
    if (json[0] != name) continue;
    const HeadPattern pattern{type, json[1].get<int64_t>(), json[2].get<int64_t>(), json[3].get<double>()};
    constexpr int64_t kMost = int64_t(1) << 32;  // tokens
    const bool good = pattern.v >= 0 && pattern.v <= kMost && pattern.s >= 0 && pattern.s <= kMost;
    return good ? std::optional(pattern) : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

std::vector<LayerPatterns> readBestPatterns(const std::filesystem::path& file, const SamplingPlan& plan) {
  const nlohmann::json json = readJsonArray(file);
  if (int(json.size()) != plan.layers) {
    db::refuseInput(file, fmt::format("it has {} layers, the model {}", json.size(), plan.layers),
                    "use the patterns of this model");
  }
  std::vector<LayerPatterns> layers;
  for (const nlohmann::json& heads : json) {
    const size_t layer = layers.size();
    LayerPatterns& patterns = layers.emplace_back(size_t(plan.heads));
    if (!heads.is_object())
      db::refuseInput(file, fmt::format("layer {} is no object", layer), "give head: pattern");
    std::map<std::string, size_t> numbers;
    for (size_t head = 0; head < patterns.size(); ++head) numbers[std::to_string(head)] = head;
    for (const auto& [key, value] : heads.items()) {
      const auto number = numbers.find(key);
      if (number == numbers.end()) {
        db::refuseInput(file,
                        fmt::format("layer {} has a head '{}', the model {} heads", layer, key, plan.heads),
                        "use the patterns of this model");
      }
      const std::optional<HeadPattern> pattern = patternFrom(value);
      if (!pattern) {
        db::refuseInput(
            file, fmt::format("layer {} head {} has {}", layer, key, value.dump()),
            "give [type, v, s, score], the type being stream_llm, vertical_and_slash, block_sparse or dense");
      }
      patterns[number->second] = *pattern;
    }
  }
  return layers;
}

void writeBestPatterns(const std::filesystem::path& file, const std::vector<LayerPatterns>& layers) {
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const LayerPatterns& patterns : layers) {
    nlohmann::ordered_json heads = nlohmann::ordered_json::object();
    for (size_t head = 0; head < patterns.size(); ++head) {
      const HeadPattern& pattern = patterns[head];
      heads[std::to_string(head)] = {kFileNames[size_t(pattern.type)].second, pattern.v, pattern.s,
                                     pattern.score};
    }
    json.push_back(std::move(heads));
  }
  writeTextFile(file, json.dump(1));
}

}  // namespace ditscope::collector
