// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <limits>
#include <optional>
#include <random>

#include "analyzer/tune/knapsack.h"

namespace ditscope::analyzer {
namespace {

std::vector<KnapsackGroup> randomGroups(std::mt19937& random, size_t groups, size_t options) {
  std::uniform_real_distribution<double> unit(0, 1);
  std::vector<KnapsackGroup> all(groups);
  for (KnapsackGroup& group : all)
    for (size_t o = 0; o < options; ++o) {
      const double cost = unit(random);
      group.push_back({cost, 0.7 * cost + 0.5 * unit(random)});
    }
  return all;
}

// Tries every selection.
std::optional<double> leastCost(const std::vector<KnapsackGroup>& groups, double needed) {
  std::vector<size_t> chosen(groups.size());
  std::optional<double> least;
  for (;;) {
    double cost = 0, gain = 0;
    for (size_t g = 0; g < groups.size(); ++g) {
      cost += groups[g][chosen[g]].cost;
      gain += groups[g][chosen[g]].gain;
    }
    if (gain >= needed && (!least || cost < *least)) least = cost;
    size_t g = 0;
    while (g < groups.size() && ++chosen[g] == groups[g].size()) chosen[g++] = 0;
    if (g == groups.size()) return least;
  }
}

TEST(TuneKnapsack, BruteForceLiesBetweenBoundAndSolution) {
  std::mt19937 random(7);
  std::uniform_real_distribution<double> unit(0, 1);
  int exact = 0, solved = 0;
  for (int trial = 0; trial < 400; ++trial) {
    const auto groups = randomGroups(random, 1 + size_t(trial % 6), 1 + size_t(trial % 5));
    const double needed = 1.2 * unit(random) * double(groups.size());
    const auto least = leastCost(groups, needed);
    const auto solution = solveKnapsack(groups, needed);
    ASSERT_EQ(solution.has_value(), least.has_value());
    if (!solution) continue;
    ++solved;
    EXPECT_GE(solution->gain, needed - 1e-9);
    EXPECT_LE(solution->bound, *least + 1e-9);
    EXPECT_GE(solution->cost, *least - 1e-9);
    exact += solution->cost <= *least + 1e-9;
  }
  EXPECT_GT(solved, 150);
  EXPECT_GT(exact, solved * 6 / 10);
}

TEST(TuneKnapsack, GapIsSmallWithManyGroups) {
  std::mt19937 random(3);
  const auto groups = randomGroups(random, 900, 20);
  const auto solution = solveKnapsack(groups, 600);
  ASSERT_TRUE(solution.has_value());
  EXPECT_GE(solution->gap(), 0);
  EXPECT_LT(solution->gap(), 1e-3 * solution->cost);
}

TEST(TuneKnapsack, NoWorseThanAStart) {
  std::mt19937 random(11);
  for (int trial = 0; trial < 100; ++trial) {
    const auto groups = randomGroups(random, 4, 4);
    std::vector<std::vector<size_t>> starts;
    for (size_t o = 0; o < 4; ++o) starts.emplace_back(4, o);
    for (size_t o = 0; o < 4; ++o) {
      double cost = 0, needed = 0;
      for (const KnapsackGroup& group : groups) {
        cost += group[o].cost;
        needed += group[o].gain;
      }
      const auto solution = solveKnapsack(groups, needed, starts);
      ASSERT_TRUE(solution.has_value());
      EXPECT_LE(solution->cost, cost + 1e-9);
    }
  }
}

TEST(TuneKnapsack, NegatedItMaximisesWithinABudget) {
  // Gains 3 or 1, costs 5 or 2: within a budget of 7 one group may have the better option.
  const std::vector<KnapsackGroup> groups(2, KnapsackGroup{{-3, -5}, {-1, -2}});
  const auto solution = solveKnapsack(groups, -7);
  ASSERT_TRUE(solution.has_value());
  EXPECT_DOUBLE_EQ(solution->cost, -4);
  EXPECT_DOUBLE_EQ(solution->gain, -7);
  EXPECT_LE(solution->bound, -4);
}

TEST(TuneKnapsack, RefusesWhatCannotBe) {
  EXPECT_FALSE(solveKnapsack(std::vector<KnapsackGroup>{{{1, 0.5}}}, 0.6).has_value());
}

TEST(TuneKnapsack, FrontRisesFromTheCheapestToTheBest) {
  std::mt19937 random(5);
  const auto groups = randomGroups(random, 50, 8);
  const auto front = knapsackFront(groups, 20);
  ASSERT_EQ(front.size(), 20u);
  double cheapest = 0, best = 0;
  for (const KnapsackGroup& group : groups) {
    double low = std::numeric_limits<double>::infinity(), high = -low;
    for (const KnapsackOption& option : group) {
      low = std::min(low, option.cost);
      high = std::max(high, option.gain);
    }
    cheapest += low;
    best += high;
  }
  EXPECT_NEAR(front.front().cost, cheapest, 1e-9);
  EXPECT_NEAR(front.back().gain, best, 1e-9);
  for (size_t i = 1; i < front.size(); ++i) {
    EXPECT_GT(front[i].cost, front[i - 1].cost);
    EXPECT_GT(front[i].gain, front[i - 1].gain);
  }
  EXPECT_EQ(knapsackFront(std::vector<KnapsackGroup>{{{1, 1}}}, 10).size(), 1u);
}

}  // namespace
}  // namespace ditscope::analyzer
