// SPDX-License-Identifier: Apache-2.0
// The multiple-choice knapsack: one option of every group, least total cost with a total gain of at least
// `needed`. Lagrangian relaxation solved exactly over the convex hulls of the groups (Sinha, Zoltners: The
// multiple-choice knapsack problem, 1979), completed greedily and improved by exchanges of one group at a
// time. Deterministic. Costs and gains may be negative, so that the reverse question (most gain within a
// budget) is the same one with the two exchanged and negated.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace ditscope::analyzer {

struct KnapsackOption {
  double cost = 0, gain = 0;
};
using KnapsackGroup = std::vector<KnapsackOption>;  // not empty; values finite

struct KnapsackSolution {
  std::vector<size_t> chosen;  // option of each group
  double cost = 0, gain = 0;
  double bound = 0;  // no selection that is allowed costs less (value of the dual)
  double rate = 0;   // cost of a unit of gain where the relaxation stopped: the optimal multiplier
  [[nodiscard]] double gap() const { return cost - bound; }
};

// Empty when no selection gains as much. `starts`: selections known beforehand (uniform settings); the result
// is never worse than those of them that are allowed.
[[nodiscard]] std::optional<KnapsackSolution> solveKnapsack(std::span<const KnapsackGroup> groups,
                                                            double needed,
                                                            std::span<const std::vector<size_t>> starts = {});

// The selections that are optimal for some multiplier, cheapest first; at most `most` of them, spread evenly.
[[nodiscard]] std::vector<KnapsackSolution> knapsackFront(std::span<const KnapsackGroup> groups, size_t most);

}  // namespace ditscope::analyzer
