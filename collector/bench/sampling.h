// SPDX-License-Identifier: Apache-2.0
// Takes the time of contenders in turn, round by round, so that whatever disturbs the machine slows them
// alike; ratios are therefore taken inside a round. Ends after so many rounds, or when the times say enough.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "collector/bench/contender.h"
#include "collector/bench/machine_probe.h"

namespace ditscope::collector::bench {

struct SamplePlan {
  int rounds = 0;   // exactly so many; 0 = until the times say enough
  int warmups = 1;  // rounds before, which do not count
  int threads = 1;
  // Until the times say enough: samples of each contender that were not throttled, the relative standard
  // deviation that is small enough (or has settled), and the seconds after which it ends in any case.
  int minSamples = 12;
  double noise = 0.005;
  double timeOut = 30;
};

enum class Stop : uint8_t { Rounds, Quiet, Settled, TimeOut };
[[nodiscard]] std::string_view nameOf(Stop stop);  // rounds, quiet, settled, time-out

struct Sample {
  size_t contender = 0;
  int round = 0;  // below 0: warm-up
  double seconds = 0;
  MachineState before{}, after{};
  bool throttled = false;  // judged at the end, when the machine's best is known
};
using Sampled = std::function<void(const Sample& sample)>;  // after each call

struct Samples {
  std::vector<Sample> calls;                 // in order, warm-ups too
  std::vector<std::vector<double>> seconds;  // of each contender, one a round
  std::vector<double> noise;  // of each contender's calls that were not throttled; NaN below two
  Stop stop = Stop::Rounds;
  int64_t throttled = 0;  // calls that count and were
  [[nodiscard]] int rounds() const { return seconds.empty() ? 0 : int(seconds[0].size()); }
};

// One thread is timed by its own processor time, which leaves out what other programs took; several by the
// clock on the wall.
[[nodiscard]] double benchClock(int threads);  // seconds
Samples sample(std::span<const Contender> contenders, const SamplePlan& plan, MachineProbe& probe,
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
