// SPDX-License-Identifier: Apache-2.0
// Time of an attention launch as a function of what it computes, fitted from measured launches on one device:
// ns = fixed + perQueryBlock * query blocks + perScoreBlock * score blocks + perValueBlock * value blocks,
// summed over the heads of the launch. Pure values; throws db::Error when there is too little to fit.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace ditscope::analyzer {

struct LaunchSample {  // one measured launch
  int64_t heads = 1;
  int64_t queryBlocks = 0;  // of one head
  double scoreBlocks = 0;   // computed, all heads together
  double valueBlocks = 0;   // softmax and PV done, all heads together
  double ns = 0;
  std::string device, dtype;
  int32_t headDim = 0, block = 0;
};

struct TimePrediction {
  double ns = 0, lo = 0, hi = 0;  // 90 % interval from the residuals of the fit
  bool extrapolated = false;      // outside the range of the samples, never silently
};

struct LatencyModel {
  double fixedNs = 0, perQueryBlockNs = 0, perScoreBlockNs = 0, perValueBlockNs = 0;  // each >= 0
  double residualLo = 0, residualHi = 0;  // 5 % and 95 % of (measured - predicted) / predicted
  double minBlocksPerRow = 0, maxBlocksPerRow = 0;
  int64_t samples = 0;
  std::string device, dtype;
  int32_t headDim = 0, block = 0;

  [[nodiscard]] TimePrediction predict(const LaunchSample& launch) const;
};

[[nodiscard]] LatencyModel fitLatency(std::span<const LaunchSample> samples);

// Measured launches of a trace: of a sampling run, or of `ditscope bench --out`.
[[nodiscard]] std::vector<LaunchSample> launchSamples(const std::filesystem::path& trace);

}  // namespace ditscope::analyzer
