// SPDX-License-Identifier: Apache-2.0
#include "collector/methods/sta_strategy.h"

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>

#include "collector/json_file.h"
#include "db/error.h"

namespace ditscope::collector {
namespace {

std::optional<Triple> placeOf(const std::string& key) {  // "3_0_11"
  Triple place{};
  const char* at = key.data();
  const char* end = at + key.size();
  for (size_t i = 0; i < 3; ++i) {
    const auto [next, error] = std::from_chars(at, end, place[i]);
    if (error != std::errc() || place[i] < 0) return {};
    if (i == 2 ? next != end : next == end || *next != '_') return {};
    at = next + 1;
  }
  return place;
}

std::optional<Triple> windowOf(const nlohmann::json& value) {
  if (!value.is_array() || value.size() != 3) return {};
  Triple window{};
  for (size_t axis = 0; axis < 3; ++axis) {
    if (!value[axis].is_number_integer()) return {};
    window[axis] = value[axis].get<int64_t>();
    if (window[axis] < 1 || window[axis] > 1'000'000) return {};
  }
  return window;
}

}  // namespace

StaStrategy::StaStrategy(const std::string& file, const SamplingPlan& plan) {
  const auto refuse = [&file](const std::string& why, const std::string& remedy) {
    throw db::Error(db::Error::Kind::BadInput, file, why, remedy);
  };
  const nlohmann::json table = readJsonObject(file);
  for (const auto& [key, value] : table.items()) {
    const std::optional<Triple> place = placeOf(key), window = windowOf(value);
    if (!place || !window) {
      refuse(fmt::format("'{}' is no window of a head", key), R"(write "step_layer_head": [3, 3, 5])");
    }
    const auto [step, layer, head] = *place;
    if (step >= plan.steps() || layer >= plan.layers || head >= plan.heads) {
      refuse(fmt::format("'{}' is outside {} steps, {} layers and {} heads", key, plan.steps(), plan.layers,
                         plan.heads),
             "use the model and the number of steps that the table was searched for");
    }
    m_windows[{step, layer, head}] = *window;
  }
}

const Triple* StaStrategy::window(int step, int layer, int64_t head) const {
  const auto found = m_windows.find({step, layer, head});
  return found == m_windows.end() ? nullptr : &found->second;
}

}  // namespace ditscope::collector
