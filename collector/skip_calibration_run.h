// SPDX-License-Identifier: Apache-2.0
// Measures how much in-loop skips would leave out of a model: dense sampling runs whose gaps are counted
// against all trial thresholds at once. Nothing is skipped, so that one run a sample serves every threshold.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "collector/collect.h"
#include "collector/skip_calibration.h"

namespace ditscope::collector {

struct SkipSample {  // one generation
  std::optional<int64_t> label;
  int64_t seed = 0;
};

struct SkipCalibrationOptions {
  CollectOptions run;               // what to sample, but for label, seed and method
  std::vector<SkipSample> samples;  // each gives a point a threshold
  int denseSteps = 0;               // first steps that will run dense, and are not counted
};

struct SkipMeasurement {
  SkipCalibration calibration = {};
  int64_t keys = 0;
  std::vector<SkipPoint> points = {};  // that the global curve was fitted to
  bool interrupted = false;            // then the rest is empty
};

// Throws db::Error, also when the points do not fix a curve over all heads. `stop` is asked often.
SkipMeasurement calibrateSkips(const SkipCalibrationOptions& options, ProgressLine& progress,
                               const std::function<bool()>& stop);

}  // namespace ditscope::collector
