// SPDX-License-Identifier: Apache-2.0
// How well predictions agree with what was measured. Pure functions; NaN = not predicted or not measured, and
// such pairs are left out.
#pragma once

#include <cstdint>
#include <span>

#include "analyzer/statistics.h"

namespace ditscope::analyzer {

struct Pair {  // of one head
  double predicted = kNaN;
  double measured = kNaN;
  double lo = kNaN, hi = kNaN;  // interval of the prediction; NaN when it has none
  [[nodiscard]] double difference() const { return measured - predicted; }
};

struct Calibration {
  int64_t pairs = 0;
  double meanPredicted = kNaN, meanMeasured = kNaN;
  double bias = kNaN;             // mean of measured - predicted
  double meanError = kNaN;        // mean of |measured - predicted|
  double p90Error = kNaN;         // 90th percentile of it
  double rankCorrelation = kNaN;  // Spearman's; NaN where one side is constant
  int64_t withInterval = 0;
  double inside = kNaN;  // share of those with an interval that lie in it
};
[[nodiscard]] Calibration calibrate(std::span<const Pair> pairs);

// Spearman's rank correlation; equal values share the mean of their ranks.
[[nodiscard]] double rankCorrelation(std::span<const double> a, std::span<const double> b);

}  // namespace ditscope::analyzer
