// SPDX-License-Identifier: Apache-2.0
// How much an in-loop skip with the threshold lambda = scale factor / keys leaves out: counted for a grid of
// thresholds at once from the gaps of dense calls, fitted as ln(scale factor) = ln a + b * sparsity. This is
// the log-space form that NVIDIA ModelOpt recommends for diffusion (calibrator.py, BLASST arXiv 2512.12087);
// sparsity is the share of blocks whose softmax and PV are skipped.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace ditscope::collector {

// ModelOpt's grid for diffusion models.
inline constexpr std::array kTrialLambdas = {1e-12, 1e-10, 1e-8, 1e-6, 5e-6, 1e-5, 5e-5, 1e-4,
                                             5e-4,  1e-3,  5e-3, 1e-2, 2e-2, 5e-2, .1,   .2,
                                             .3,    .5,    .7,   .8,   .9,   .99};

// The threshold as the kernels take it; lambda above 1 counts as 1, for beyond it a block with the new
// maximum would be skipped.
[[nodiscard]] float lnLambda(double lambda);

// Blocks that each trial threshold would skip.
class SkipCounts {
 public:
  // Of a run that skipped nothing, see kernels::StatsOut::gap; a NaN is a block that was not visited.
  void add(std::span<const float> gaps);
  void add(const SkipCounts& other);
  [[nodiscard]] int64_t blocks() const { return m_blocks; }
  [[nodiscard]] double share(size_t trial) const;  // skipped / all, with kTrialLambdas[trial]

 private:
  // [i]: gaps that reach i of the thresholds: they are skipped by the trials from i on.
  std::array<int64_t, kTrialLambdas.size() + 1> m_reaching = {};
  int64_t m_blocks = 0;
};

struct SkipPoint {
  double scaleFactor = 0;  // lambda * keys
  double sparsity = 0;
};

// One point a threshold, of one sample.
[[nodiscard]] std::vector<SkipPoint> skipPoints(const SkipCounts& counts, int64_t keys);

struct SkipCurve {
  double lnA = 0;
  double b = 0;
  double r2 = 0;           // of ln(scale factor)
  double minSparsity = 0;  // of the points that were fitted
  double maxSparsity = 0;
  int points = 0;

  [[nodiscard]] double scaleFactor(double sparsity) const;
  [[nodiscard]] bool covers(double sparsity) const {
    return sparsity >= minSparsity && sparsity <= maxSparsity;
  }
};

// Least squares over the points of sparsity 0.10 to 0.90. None with fewer than 10 points, fewer than 3 of
// them in that range, or all of one sparsity.
[[nodiscard]] std::optional<SkipCurve> fitSkipCurve(std::span<const SkipPoint> points);

struct SkipCalibration {
  SkipCurve global;                                // over all layers and heads
  std::map<std::pair<int, int>, SkipCurve> heads;  // by (layer, head); one whose fit failed is missing
};

[[nodiscard]] nlohmann::json toJson(const SkipCalibration& calibration);

// Reads what toJson() wrote, whatever stands beside it. Throws db::Error naming the file.
[[nodiscard]] SkipCalibration readSkipCalibration(const std::filesystem::path& file);

}  // namespace ditscope::collector
