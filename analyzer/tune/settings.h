// SPDX-License-Identifier: Apache-2.0
// Which settings the tuner tries for a head offline: the same grid for every head, so that uniform settings
// are among them, and a few that fit this head.
#pragma once

#include <string>
#include <vector>

#include "analyzer/tune/mass_evaluation.h"

namespace ditscope::analyzer {

struct SettingsQuery {
  std::vector<std::string> methods{"topk", "topp", "window"};  // of those that masses can evaluate
  std::vector<double> recalls{0.95};                           // for which a head gets its own settings
  int32_t denseSteps = 1;                                      // first steps that are dense anyway
};

// Settings of one schedule lie together. Only the grid.
[[nodiscard]] std::vector<db::MethodChoice> uniformSettings(const db::Run& run, const SettingsQuery& query);

// The least density and share for each recall, with search_every from the reuse model and from the grid.
[[nodiscard]] std::vector<db::MethodChoice> ownSettings(MassEvaluator& evaluator, int32_t steps,
                                                        const SettingsQuery& query);

}  // namespace ditscope::analyzer
