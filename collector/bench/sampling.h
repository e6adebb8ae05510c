// SPDX-License-Identifier: Apache-2.0
// Takes the time of contenders in turn, round by round, so that whatever disturbs the machine slows them
// alike; ratios are therefore taken inside a round.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "collector/bench/contender.h"

namespace ditscope::collector::bench {

struct SamplePlan {
  int rounds = 10;
  int warmups = 1;  // rounds before, which do not count
  int threads = 1;
};

// After each call: which contender, its round (below 0: warm-up), and its time.
using Sampled = std::function<void(size_t contender, int round, double seconds)>;

// Seconds of each contender, one a round. One thread is timed by its own processor time, which leaves out
// what other programs took; several by the clock.
std::vector<std::vector<double>> sample(std::span<const Contender> contenders, const SamplePlan& plan,
                                        const Sampled& sampled);

struct Spread {
  double median = 0, p10 = 0, p90 = 0;
};
// Quantiles between the two nearest values; throws std::invalid_argument when there are none.
[[nodiscard]] Spread spreadOf(std::vector<double> values);

// Median over the rounds of above / below.
[[nodiscard]] double medianRatio(std::span<const double> above, std::span<const double> below);

// (largest - smallest) / median.
[[nodiscard]] double relativeRange(std::span<const double> values);

}  // namespace ditscope::collector::bench
