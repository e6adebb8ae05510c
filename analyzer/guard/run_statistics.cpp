// SPDX-License-Identifier: Apache-2.0
#include "analyzer/guard/run_statistics.h"

#include <cmath>

namespace ditscope::analyzer {

RunStatistics statisticsOf(const RunSamples& run) {
  RunStatistics s{.samples = int64_t(run.ns.size())};
  s.min = quantile(run.ns, 0);
  s.q1 = quantile(run.ns, 0.25);
  s.median = quantile(run.ns, 0.5);
  s.q3 = quantile(run.ns, 0.75);
  s.p95 = quantile(run.ns, 0.95);
  s.p99 = quantile(run.ns, 0.99);
  std::vector<double> distances;
  for (const double ns : run.ns) distances.push_back(std::abs(ns - s.median));
  s.mad = quantile(std::move(distances), 0.5);
  Summary clock;
  for (const double hz : run.clockHz) clock.add(hz);
  s.clockHz = clock.mean();
  return s;
}

}  // namespace ditscope::analyzer
