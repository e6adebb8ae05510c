// SPDX-License-Identifier: Apache-2.0
// How far the Hodges-Lehmann shift between two sets of runs can be trusted. Calls of one run resemble each
// other more than calls of two, so that whole runs are drawn first and calls inside them second.
// Source: hierarchical bootstrap, Davison and Hinkley, Bootstrap Methods and their Application (1997), 3.8.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace ditscope::analyzer {

using RunValues = std::vector<double>;  // of one run, ascending, finite, not empty

struct BootstrapOptions {
  uint64_t seed = 1;
  int replicates = 2000;
  double level = 0.99;      // of the interval
  size_t longestRun = 256;  // longer ones are represented by so many of their quantiles
  double tolerance = 1e-6;  // of a replicate's shift
};

struct Interval {
  double low = 0, high = 0;
};

// Of the shift from `base` to `next`, both not empty. Percentiles of the replicates, widened around `shift`
// by sqrt(k / (k - 1)) where the smaller side has k > 1 runs, because drawing from few runs shows too little
// of their spread. With one run on each side only the calls vary. Same seed, same interval, on any machine.
[[nodiscard]] Interval bootstrapInterval(double shift, std::span<const RunValues> base,
                                         std::span<const RunValues> next,
                                         const BootstrapOptions& options = {});

}  // namespace ditscope::analyzer
