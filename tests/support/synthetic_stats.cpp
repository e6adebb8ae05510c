// SPDX-License-Identifier: Apache-2.0
#include "tests/support/synthetic_stats.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <vector>

#include "tests/support/synthetic_head.h"

namespace ditscope::tests {
namespace {

constexpr uint64_t kBlurKey = 17;

double mean(std::span<const float> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / double(values.size());
}

float quantile(std::vector<float> values, double q) {
  const auto nth = values.begin() + ptrdiff_t(q * double(values.size() - 1));
  std::ranges::nth_element(values, nth);
  return *nth;
}

// Share of `total` that the `count` largest hold, at each density of a recall curve.
void addCurve(std::vector<float>& curve, std::vector<float> values, double weight) {
  std::ranges::sort(values, std::greater{});
  std::partial_sum(values.begin(), values.end(), values.begin());
  for (int i = 0; i < db::kCurvePoints; ++i) {
    const auto count = size_t(std::ceil(db::curveDensity(i) * double(values.size())));
    curve[size_t(i)] += float(weight * values[std::max<size_t>(count, 1) - 1]);
  }
}

}  // namespace

db::BlockMask topKMask(const db::BlockMass& mass, double density) {
  db::BlockMask mask(mass.rows, mass.cols);
  const auto keep = std::clamp<ptrdiff_t>(std::lround(density * mass.cols), 1, mass.cols);
  std::vector<int32_t> order(size_t(mass.cols));
  std::vector<float> estimate(size_t(mass.cols));
  for (int32_t row = 0; row < mass.rows; ++row) {
    std::iota(order.begin(), order.end(), 0);
    for (int32_t col = 0; col < mass.cols; ++col) {
      const float blur = noise(kBlurKey, uint64_t(row) << 32 | uint64_t(col));
      estimate[size_t(col)] = mass.at(row, col) * std::exp(0.3f * blur);
    }
    std::ranges::partial_sort(order, order.begin() + keep, [&](int32_t a, int32_t b) {
      return estimate[size_t(a)] > estimate[size_t(b)];
    });
    for (ptrdiff_t i = 0; i < keep; ++i) {
      const bool least = i + 1 == keep && keep > 1;
      mask.set(row, order[size_t(i)], least ? db::BlockState::Partial : db::BlockState::Full);
    }
  }
  return mask;
}

db::HeadStats statsOf(const db::BlockMass& mass, const db::BlockMask& mask, std::span<const float> lse,
                      std::span<const float> lastLse) {
  db::HeadStats stats;
  std::vector<float> recall;
  double entropy = 0;
  for (int32_t row = 0; row < mass.rows; ++row) {
    double kept = 0;
    for (int32_t col = 0; col < mass.cols; ++col) {
      const double share = mass.at(row, col);
      if (mask.at(row, col) != db::BlockState::Skipped) kept += share;
      if (share > 0) entropy -= share * std::log(share);
    }
    recall.push_back(float(std::min(kept, 1.0)));
  }
  stats.densityQk = float(mask.density());
  stats.densityPv = 0.97f * stats.densityQk;
  stats.recallMean = float(mean(recall));
  stats.recallP01 = quantile(recall, 0.01);
  stats.recallP05 = quantile(recall, 0.05);
  stats.rowEntropy = float(entropy / mass.rows);
  stats.errorL1 = 0.7f * (1 - stats.recallMean);

  stats.lseMean = float(mean(lse));
  double variance = 0;
  for (const float value : lse) variance += (value - stats.lseMean) * (value - stats.lseMean);
  stats.lseStd = float(std::sqrt(variance / double(lse.size())));
  stats.lseMin = std::ranges::min(lse);
  stats.lseMax = std::ranges::max(lse);
  if (!lastLse.empty()) {
    std::vector<float> change(lse.size());
    std::ranges::transform(lse, lastLse, change.begin(), std::minus{});
    stats.lseDriftSigned = float(mean(change));
    for (float& value : change) value = std::abs(value);
    stats.lseDriftMean = float(mean(change));
    stats.lseDriftP50 = quantile(change, 0.5);
    stats.lseDriftP90 = quantile(change, 0.9);
  }
  return stats;
}

db::RecallCurve recallCurveOf(const db::BlockMass& mass) {
  db::RecallCurve curve{std::vector<float>(db::kCurvePoints, 0), std::vector<float>(db::kCurvePoints, 0)};
  const double weight = 1.0 / mass.rows;  // every row of the map sums to 1
  for (int32_t row = 0; row < mass.rows; ++row) {
    const auto begin = mass.mass.begin() + ptrdiff_t(row) * mass.cols;
    addCurve(curve.byRow, std::vector<float>(begin, begin + mass.cols), weight);
  }
  addCurve(curve.byHead, mass.mass, weight);
  return curve;
}

}  // namespace ditscope::tests
