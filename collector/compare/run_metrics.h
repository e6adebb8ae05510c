// SPDX-License-Identifier: Apache-2.0
// What one generation of a comparison is judged by. NaN = not measured. A sparse call is a self-attention
// call in which the method left something out; the dense steps, and those in which a method searches or
// refreshes densely, count in the run's figures alone.
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <span>

namespace ditscope::collector::compare {

inline constexpr double kNotKnown = std::numeric_limits<double>::quiet_NaN();

struct RunMetrics {
  int64_t seed = 0;
  int64_t label = 0;
  // Means over heads of the sparse calls, and over all self-attention calls of the run.
  double densityQk = 1, densityPv = 1;
  double runDensityQk = 1, runDensityPv = 1;
  double flops = 1, runFlops = 1;  // of attention, done / dense; a block's scores and its PV count the same
  double sparseCalls = 0;          // share of the self-attention calls
  double recall = kNotKnown;       // over sparse calls: mean of the heads' mean, and of their 5th percentile
  double recallP05 = kNotKnown;
  double recallHeadSd = kNotKnown;            // over (layer, head) of the recall averaged over calls
  double recallHeadMin = kNotKnown;           // likewise
  double error = kNotKnown;                   // over sparse calls: relative L1 of the heads' outputs
  double psnr = kNotKnown, ssim = kNotKnown;  // of the sample, against the dense one
  double labelAsDense = kNotKnown, labelAsAsked = kNotKnown;         // shares of frames
  double attentionSeconds = 0, searchSeconds = 0, totalSeconds = 0;  // recording left out
  double attentionTimes = kNotKnown;  // (attention + search) / the dense run's attention
  double totalTimes = kNotKnown;      // sampling time / the dense run's
  double load = 0;                    // of the machine, running processes a core at the end
};

struct MetricColumn {
  const char* key;  // in JSON and CSV
  double RunMetrics::*value;
};
[[nodiscard]] std::span<const MetricColumn> metricColumns();

struct Spread {
  double mean = kNotKnown;
  double sd = kNotKnown;  // of the sample; NaN for fewer than two values
};
// Over the runs in which it is known.
[[nodiscard]] Spread spreadOf(std::span<const RunMetrics> runs, double RunMetrics::*value);

// Densities, flops, recall and error of a finished trace. Throws db::Error.
[[nodiscard]] RunMetrics metricsOfTrace(const std::filesystem::path& trace);

}  // namespace ditscope::collector::compare
