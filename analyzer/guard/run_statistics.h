// SPDX-License-Identifier: Apache-2.0
// What a run says of one kernel, in a handful of numbers. Times in ns.
#pragma once

#include "analyzer/guard/screening.h"
#include "analyzer/statistics.h"

namespace ditscope::analyzer {

struct RunStatistics {  // NaN without samples
  int64_t samples = 0;
  double min = kNaN, q1 = kNaN, median = kNaN, q3 = kNaN, p95 = kNaN, p99 = kNaN;
  double mad = kNaN;      // median distance from the median
  double clockHz = kNaN;  // mean; NaN where it is not known
};

[[nodiscard]] RunStatistics statisticsOf(const RunSamples& run);

}  // namespace ditscope::analyzer
