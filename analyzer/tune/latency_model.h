// SPDX-License-Identifier: Apache-2.0
// Time of an attention launch as a function of what it computes, fitted from measured launches on one device:
// ns = fixed + perQueryBlock * query blocks + perScoreBlock * score blocks + perValueBlock * value blocks,
// summed over the heads of the launch. Pure values; throws db::Error when there is too little to fit.
// What the samples cannot tell apart is not made up: where every launch has the same query blocks the fixed
// part lies in perQueryBlock, and where no block was skipped inside the loop half of a block's time counts as
// its scores and half as its values.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace ditscope::analyzer {

struct LaunchSample {  // one measured launch, or the launches of one call together
  int64_t heads = 1;
  int64_t queryBlocks = 0;  // of one head
  double scoreBlocks = 0;   // computed, all heads together
  double valueBlocks = 0;   // softmax and PV done, all heads together
  double ns = 0;
  std::string device, dtype;  // dtype: f32, f16 or bf16
  int32_t headDim = 0, block = 0;
  int64_t launches = 1;
};

struct TimePrediction {
  double ns = 0, lo = 0, hi = 0;  // 90 % interval from the residuals of the fit
  // Outside the range of the samples, or another device, dtype, head dimension or block (where the launch
  // names them); never silently.
  bool extrapolated = false;
};

struct LatencyModel {
  double fixedNs = 0, perQueryBlockNs = 0, perScoreBlockNs = 0, perValueBlockNs = 0;  // each >= 0
  double residualLo = 0, residualHi = 0;            // 5 % and 95 % of (measured - predicted) / predicted
  double medianResidual = 0, p90Residual = 0;       // of |measured - predicted| / predicted
  double minBlocksPerRow = 0, maxBlocksPerRow = 0;  // score blocks of a row of query blocks
  int64_t minQueryBlocks = 0, maxQueryBlocks = 0;   // of a head
  int64_t samples = 0;
  std::string device, dtype;
  int32_t headDim = 0, block = 0;

  [[nodiscard]] TimePrediction predict(const LaunchSample& launch) const;
};

// Robust, with residuals relative. Refuses fewer than 6 samples, samples of one density only, and samples of
// several devices, dtypes, head dimensions or blocks: see samplesLike.
[[nodiscard]] LatencyModel fitLatency(std::span<const LaunchSample> samples);

// Those of this head dimension, dtype and block.
[[nodiscard]] std::vector<LaunchSample> samplesLike(std::span<const LaunchSample> samples, int32_t headDim,
                                                    const std::string& dtype, int32_t block);
[[nodiscard]] std::string shortDtype(const std::string& name);  // float32 as f32

// Measured launches of a trace: of self-attention in a sampling run, its first step left out as a warm-up,
// or of `ditscope bench --out`, of our kernel without statistics, warm-ups left out. A sample of a sampling
// run is a call with all its launches.
[[nodiscard]] std::vector<LaunchSample> launchSamples(const std::filesystem::path& trace);

}  // namespace ditscope::analyzer
