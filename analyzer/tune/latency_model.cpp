// SPDX-License-Identifier: Apache-2.0
#include "analyzer/tune/latency_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "analyzer/statistics.h"
#include "analyzer/tune/robust_fit.h"
#include "db/error.h"

namespace ditscope::analyzer {
namespace {

constexpr size_t kMinSamples = 6;
constexpr double kOneDensity = 0.01;  // relative range of the blocks a row below which nothing can be told
constexpr double kSame = 1e-3;        // of terms that measure the same thing
constexpr const char* kRemedy =
    "measure several densities on this device: ditscope bench --shape 1,HEADS,TOKENS,DIM "
    "--density 0.75,0.5,0.25,0.1,0.05 --out bench.db";

[[noreturn]] void refuse(const std::string& why) {
  throw db::Error(db::Error::Kind::BadInput, "latency model", why, kRemedy);
}

double rowsOf(const LaunchSample& s) {
  return double(s.heads) * double(s.queryBlocks);
}

double blocksPerRow(const LaunchSample& s) {
  return s.scoreBlocks / rowsOf(s);
}

std::string kindOf(const LaunchSample& s) {
  return fmt::format("{} with heads of {} in blocks of {} on {}", s.dtype, s.headDim, s.block, s.device);
}

bool usable(const LaunchSample& s) {
  return s.ns > 0 && s.heads > 0 && s.queryBlocks > 0 && s.scoreBlocks >= 0 && s.valueBlocks >= 0 &&
         std::isfinite(s.ns + s.scoreBlocks + s.valueBlocks);
}

void check(std::span<const LaunchSample> samples) {
  if (samples.size() < kMinSamples)
    refuse(fmt::format("{} measured launches are too few, {} are needed", samples.size(), kMinSamples));
  for (const LaunchSample& s : samples)
    if (kindOf(s) != kindOf(samples.front()))
      refuse(fmt::format("the launches are of two kinds, {} and {}", kindOf(samples.front()), kindOf(s)));
  const auto [least, most] = std::ranges::minmax(samples, {}, blocksPerRow);
  if (blocksPerRow(most) - blocksPerRow(least) < kOneDensity * blocksPerRow(most))
    refuse(fmt::format("all {} launches have one density, {:.3g} blocks a row", samples.size(),
                       blocksPerRow(most)));
}

// Whether one term is the same multiple of the other in every sample.
bool proportional(std::span<const LaunchSample> samples,
                  const std::function<double(const LaunchSample&)>& ratio) {
  const double first = ratio(samples.front());
  return std::ranges::all_of(
      samples, [&](const LaunchSample& s) { return std::abs(ratio(s) - first) <= kSame * std::abs(first); });
}

void describeRange(std::span<const LaunchSample> samples, LatencyModel& model) {
  const auto [least, most] = std::ranges::minmax(samples, {}, blocksPerRow);
  model.minBlocksPerRow = blocksPerRow(least);
  model.maxBlocksPerRow = blocksPerRow(most);
  const auto [shortest, longest] = std::ranges::minmax(samples, {}, &LaunchSample::queryBlocks);
  model.minQueryBlocks = shortest.queryBlocks;
  model.maxQueryBlocks = longest.queryBlocks;
  model.samples = int64_t(samples.size());
  model.device = samples.front().device;
  model.dtype = samples.front().dtype;
  model.headDim = samples.front().headDim;
  model.block = samples.front().block;
}

void describeResiduals(std::span<const LaunchSample> samples, LatencyModel& model) {
  std::vector<double> residuals, sizes;
  for (const LaunchSample& s : samples) {
    residuals.push_back(s.ns / model.predict(s).ns - 1);
    sizes.push_back(std::abs(residuals.back()));
  }
  model.residualLo = std::min(0.0, quantile(residuals, 0.05));
  model.residualHi = std::max(0.0, quantile(residuals, 0.95));
  model.medianResidual = quantile(sizes, 0.5);
  model.p90Residual = quantile(sizes, 0.9);
}

template <class Value>
bool differs(const Value& ofLaunch, const Value& ofModel) {  // where the launch says what it is
  return ofLaunch != Value() && ofModel != Value() && ofLaunch != ofModel;
}

}  // namespace

TimePrediction LatencyModel::predict(const LaunchSample& launch) const {
  TimePrediction time;
  time.ns = fixedNs * double(launch.launches) + perQueryBlockNs * rowsOf(launch) +
            perScoreBlockNs * launch.scoreBlocks + perValueBlockNs * launch.valueBlocks;
  time.lo = time.ns * std::max(0.0, 1 + residualLo);
  time.hi = time.ns * (1 + residualHi);
  constexpr double kRounding = 1e-6;
  const double perRow = rowsOf(launch) > 0 ? blocksPerRow(launch) : 0;
  time.extrapolated = perRow < minBlocksPerRow * (1 - kRounding) ||
                      perRow > maxBlocksPerRow * (1 + kRounding) || launch.queryBlocks < minQueryBlocks ||
                      launch.queryBlocks > maxQueryBlocks || differs(launch.device, device) ||
                      differs(launch.dtype, dtype) || differs(launch.headDim, headDim) ||
                      differs(launch.block, block);
  return time;
}

LatencyModel fitLatency(std::span<const LaunchSample> all) {
  std::vector<LaunchSample> samples;
  std::ranges::copy_if(all, std::back_inserter(samples), usable);
  check(samples);
  const bool oneSize =
      proportional(samples, [](const LaunchSample& s) { return double(s.launches) / rowsOf(s); });
  const bool noSkips = proportional(
      samples, [](const LaunchSample& s) { return s.scoreBlocks > 0 ? s.valueBlocks / s.scoreBlocks : 1; });
  std::vector<Observation> observations;
  for (const LaunchSample& s : samples)
    observations.push_back(
        {{oneSize ? 0 : double(s.launches), rowsOf(s),
          noSkips ? (s.scoreBlocks + s.valueBlocks) / 2 : s.scoreBlocks, noSkips ? 0 : s.valueBlocks},
         s.ns});
  const Terms fit = fitRobust(observations);
  LatencyModel model;
  model.fixedNs = fit[0];
  model.perQueryBlockNs = fit[1];
  model.perScoreBlockNs = noSkips ? fit[2] / 2 : fit[2];
  model.perValueBlockNs = noSkips ? fit[2] / 2 : fit[3];
  describeRange(samples, model);
  describeResiduals(samples, model);
  return model;
}

std::vector<LaunchSample> samplesLike(std::span<const LaunchSample> samples, int32_t headDim,
                                      const std::string& dtype, int32_t block) {
  std::vector<LaunchSample> alike;
  std::ranges::copy_if(samples, std::back_inserter(alike), [&](const LaunchSample& s) {
    return s.headDim == headDim && s.dtype == shortDtype(dtype) && s.block == block;
  });
  return alike;
}

std::string shortDtype(const std::string& name) {
  if (name == "float32") return "f32";
  if (name == "float16") return "f16";
  return name == "bfloat16" ? "bf16" : name;
}

}  // namespace ditscope::analyzer
