// SPDX-License-Identifier: Apache-2.0
// The group of skip-softmax settings in a sparse_attention_config, in all the forms that are about.
#pragma once

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/exchange/exchange_format.h"

namespace ditscope::analyzer {

inline constexpr const char* kSkipFormula = "a * exp(b * target_sparsity)";

struct SkipSetting {
  double a = 0;
  double b = 0;
  double target = 0;                                                       // share of the blocks to skip
  [[nodiscard]] double scale() const { return a * std::exp(b * target); }  // lambda * keys
};

struct SkipGroup {
  SkipSetting setting;                              // unless lambda is given
  std::optional<double> lambda;                     // of vLLM-Omni's threshold
  std::vector<std::string> targets;                 // classes of attention
  nlohmann::json ignore = nlohmann::json::array();  // patterns, checked to be texts
  std::optional<double> gate;                       // disabled_until_timestep: dense from 1 down to it
  std::optional<int32_t> disabledSteps;             // initial_disabled_steps
};

// Throws db::Error naming what is missing or of another kind.
[[nodiscard]] SkipGroup parseSkipGroup(const ExchangeInput& input, const nlohmann::json& json);

// What a configuration cannot say, kept beside it so that the group can be written again.
[[nodiscard]] nlohmann::ordered_json skipNote(const SkipGroup& group);
[[nodiscard]] bool isSkipNote(const nlohmann::json& note);  // made by skipNote, however it was edited

}  // namespace ditscope::analyzer
