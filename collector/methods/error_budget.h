// SPDX-License-Identifier: Apache-2.0
// Which cheaper method each head of a layer may have, when together they may err no more than a budget: the
// integer program of DiTFastAttnV2 (arXiv 2503.22796), solved exactly up to the grid of the gains.
#pragma once

#include <vector>

namespace ditscope::collector {

// errors: [heads][candidates] >= 0; a NaN rules the candidate out. gains: [candidates] in [0, 1], share of
// the time saved; steps of 1 / 256 count. Maximises the sum of gains with a sum of errors <= budget, and of
// equal gains takes the smaller error. Returns a candidate a head, -1 = none of them.
[[nodiscard]] std::vector<int> selectWithinBudget(const std::vector<std::vector<double>>& errors,
                                                  const std::vector<double>& gains, double budget);

}  // namespace ditscope::collector
