// SPDX-License-Identifier: Apache-2.0
// What a benchmark found, as a table and as JSON. NaN stands for "does not apply".
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <vector>

#include "collector/bench/contender.h"
#include "collector/bench/sampling.h"

namespace ditscope::collector::bench {

struct Result {
  std::string name;
  double density = 1;
  Spread seconds;
  double noise = 0;           // relative standard deviation of the calls that were not throttled
  double flopsPerSecond = 0;  // on kept pairs, at the median
  double shareOfPeak = 0;     // of what the same threads reach in the FMA peak
  double overOwn = 0;         // speed-up over our dense kernel; of a plan: its time / the time of its kernel
  double overLibtorch = 0;    // speed-up over the best that LibTorch has in this dtype
  double efficiency = 0;      // speed-up over our dense kernel x density
  [[nodiscard]] bool isPlan() const;  // takes the time that a list of blocks takes to build
};

struct ShapeReport {
  Shape shape;
  std::vector<Result> results;
  double peakRange = 0;  // (largest - smallest) / median of the FMA peak over the rounds
  int rounds = 0;
  Stop stop = Stop::Rounds;
  double throttledShare = 0;  // of the calls
};

struct BenchSetup {
  std::string processor, torch, blas;
  int threads = 1;
  int rounds = 0;  // asked for; 0 = until the times say enough
  int block = 64;
};

// The first contender is the FMA peak.
[[nodiscard]] ShapeReport summarise(const Shape& shape, std::span<const Contender> contenders,
                                    const Samples& samples);

[[nodiscard]] std::string toText(const BenchSetup& setup);
[[nodiscard]] std::string toText(const ShapeReport& report);
[[nodiscard]] nlohmann::json toJson(const BenchSetup& setup, std::span<const ShapeReport> reports);

}  // namespace ditscope::collector::bench
