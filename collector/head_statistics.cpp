// SPDX-License-Identifier: Apache-2.0
#include "collector/head_statistics.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <functional>
#include <limits>
#include <numbers>
#include <numeric>

namespace ditscope::collector {
namespace {

// The value below which a share `q` of the values lies (nearest rank); reorders `values`, which is not empty.
float percentile(std::vector<float>& values, double q) {
  const ptrdiff_t rank = std::lround(q * double(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + rank, values.end());
  return values[size_t(rank)];
}

float mean(std::span<const float> values) {
  return float(std::accumulate(values.begin(), values.end(), 0.0) / double(values.size()));
}

// Samples the running sum of `sorted` (heaviest first) at the densities of a recall curve and adds it,
// times `weight`, to `points`.
void addCurve(std::span<const double> sorted, double weight, std::vector<double>& points) {
  size_t whole = 0;
  double sum = 0;
  for (int i = 0; i < db::kCurvePoints; ++i) {
    const double blocks = db::curveDensity(i) * double(sorted.size());
    while (whole < sorted.size() && double(whole + 1) <= blocks) {
      sum += sorted[whole++];
    }
    const double rest = whole < sorted.size() ? (blocks - double(whole)) * sorted[whole] : 0.0;
    points[size_t(i)] += weight * (sum + rest);
  }
}

std::vector<float> toFloat(const std::vector<double>& values) {
  return {values.begin(), values.end()};
}

}  // namespace

void summariseLse(std::span<const float> lse, db::HeadStats& stats) {
  double sum = 0;
  double squares = 0;
  int64_t count = 0;
  float low = std::numeric_limits<float>::infinity();
  float high = -low;
  for (const float value : lse) {
    if (!std::isfinite(value)) {
      continue;
    }
    sum += value;
    squares += double(value) * value;
    low = std::min(low, value);
    high = std::max(high, value);
    ++count;
  }
  stats.lseEmptyRows = int32_t(std::count(lse.begin(), lse.end(), -std::numeric_limits<float>::infinity()));
  if (count == 0) {
    return;
  }
  const double average = sum / double(count);
  stats.lseMean = float(average);
  stats.lseStd = float(std::sqrt(std::max(0.0, squares / double(count) - average * average)));
  stats.lseMin = low;
  stats.lseMax = high;
}

void summariseLseDrift(std::span<const float> lse, std::span<const float> before, db::HeadStats& stats) {
  std::vector<float> size;
  size.reserve(lse.size());
  double signedSum = 0;
  for (size_t i = 0; i < lse.size(); ++i) {
    const float change = lse[i] - before[i];
    if (std::isfinite(change)) {
      signedSum += change;
      size.push_back(std::abs(change));
    }
  }
  if (size.empty()) {
    return;
  }
  stats.lseDriftMean = mean(size);
  stats.lseDriftSigned = float(signedSum / double(size.size()));
  stats.lseDriftP50 = percentile(size, 0.5);
  stats.lseDriftP90 = percentile(size, 0.9);
}

void summariseRecall(std::span<const float> keptLse, std::span<const float> fullLse, db::HeadStats& stats) {
  std::vector<float> recall;
  recall.reserve(keptLse.size());
  for (size_t i = 0; i < keptLse.size(); ++i) {
    if (std::isfinite(fullLse[i])) {
      recall.push_back(std::min(1.0f, std::exp(keptLse[i] - fullLse[i])));
    }
  }
  if (recall.empty()) {
    return;
  }
  stats.recallMean = mean(recall);
  stats.recallP01 = percentile(recall, 0.01);
  stats.recallP05 = percentile(recall, 0.05);
}

float rowEntropy(std::span<const int16_t> rowLogMass, std::span<const float> lse) {
  constexpr double kNatural = std::numbers::ln2 / 256;  // of one step of a code
  static const std::array<double, 256> kPowers = [] {  // 2^(i / 256), because exp() of every value takes long
    std::array<double, 256> powers{};
    for (size_t i = 0; i < powers.size(); ++i) powers[i] = std::exp2(double(i) / 256);
    return powers;
  }();
  const size_t rows = lse.size();
  const size_t blocks = rows == 0 ? 0 : rowLogMass.size() / rows;
  std::vector<double> inverse(rows), shift(rows), entropy(rows);  // rows that do not count stay 0
  int64_t count = 0;
  for (size_t row = 0; row < rows; ++row) {
    if (!std::isfinite(lse[row])) continue;
    shift[row] = double(lse[row]);
    inverse[row] = std::exp(-shift[row]);
    ++count;
  }
  for (size_t block = 0; block < blocks; ++block) {
    const std::span<const int16_t> codes = rowLogMass.subspan(block * rows, rows);
    for (size_t row = 0; row < rows; ++row) {
      const int code = codes[row];
      const double whole = std::bit_cast<double>(uint64_t(1023 + (code >> 8)) << 52);
      const double mass = code == INT16_MIN ? 0.0 : kPowers[size_t(code & 255)] * whole * inverse[row];
      entropy[row] -= mass * (code * kNatural - shift[row]);
    }
  }
  const double sum = std::accumulate(entropy.begin(), entropy.end(), 0.0);
  return count == 0 ? db::kNotMeasured : float(std::max(0.0, sum / double(count)));
}

std::vector<float> blockMeans(std::span<const float> lse, int32_t qBlock) {
  std::vector<float> means;
  for (size_t begin = 0; begin < lse.size(); begin += size_t(qBlock)) {
    db::HeadStats block;
    summariseLse(lse.subspan(begin, std::min(size_t(qBlock), lse.size() - begin)), block);
    means.push_back(std::isnan(block.lseMean) ? -std::numeric_limits<float>::infinity() : block.lseMean);
  }
  return means;
}

db::RecallCurve recallCurve(const db::BlockMass& map, int64_t rows, int32_t qBlock) {
  std::vector<double> byRow(db::kCurvePoints);
  std::vector<double> byHead(db::kCurvePoints);
  std::vector<double> all;
  all.reserve(map.mass.size());
  const auto cols = size_t(map.cols);
  for (int32_t r = 0; r < map.rows; ++r) {
    const double weight = double(std::min<int64_t>(qBlock, rows - int64_t{r} * qBlock)) / double(rows);
    const auto begin = map.mass.begin() + ptrdiff_t(size_t(r) * cols);
    std::vector<double> row(begin, begin + ptrdiff_t(cols));
    std::sort(row.begin(), row.end(), std::greater<>());
    addCurve(row, weight, byRow);
    for (const double mass : row) {
      all.push_back(mass * weight);
    }
  }
  std::sort(all.begin(), all.end(), std::greater<>());
  addCurve(all, 1.0, byHead);
  return {toFloat(byRow), toFloat(byHead)};
}

float relativeL1(const RowView& out, const RowView& dense) {
  double difference = 0;
  double size = 0;
  for (int64_t row = 0; row < dense.rows; ++row) {
    const float* a = out.data + row * out.stride;
    const float* b = dense.data + row * dense.stride;
#pragma omp simd reduction(+ : difference, size)
    for (int64_t i = 0; i < dense.cols; ++i) {
      difference += std::abs(double(a[i]) - double(b[i]));
      size += std::abs(double(b[i]));
    }
  }
  return size > 0 ? float(difference / size) : 0.0f;
}

}  // namespace ditscope::collector
