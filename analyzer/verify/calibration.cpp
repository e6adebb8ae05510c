// SPDX-License-Identifier: Apache-2.0
#include "analyzer/verify/calibration.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace ditscope::analyzer {
namespace {

std::vector<double> ranksOf(std::span<const double> values) {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::sort(order, {}, [&](size_t i) { return values[i]; });
  std::vector<double> ranks(values.size());
  for (size_t first = 0; first < order.size();) {
    size_t last = first;
    while (last + 1 < order.size() && values[order[last + 1]] == values[order[first]]) ++last;
    for (size_t i = first; i <= last; ++i) ranks[order[i]] = double(first + last) / 2;
    first = last + 1;
  }
  return ranks;
}

double correlation(std::span<const double> a, std::span<const double> b) {
  const double meanA = meanOf(a), meanB = meanOf(b);
  double ab = 0, aa = 0, bb = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    ab += (a[i] - meanA) * (b[i] - meanB);
    aa += (a[i] - meanA) * (a[i] - meanA);
    bb += (b[i] - meanB) * (b[i] - meanB);
  }
  return aa > 0 && bb > 0 ? ab / std::sqrt(aa * bb) : kNaN;
}

}  // namespace

double rankCorrelation(std::span<const double> a, std::span<const double> b) {
  return correlation(ranksOf(a), ranksOf(b));
}

Calibration calibrate(std::span<const Pair> pairs) {
  std::vector<double> predicted, measured, sizes;
  Calibration c;
  int64_t inside = 0;
  for (const Pair& pair : pairs) {
    if (!std::isfinite(pair.difference())) continue;
    predicted.push_back(pair.predicted);
    measured.push_back(pair.measured);
    sizes.push_back(std::abs(pair.difference()));
    if (std::isnan(pair.lo) || std::isnan(pair.hi)) continue;
    ++c.withInterval;
    inside += pair.measured >= pair.lo && pair.measured <= pair.hi;
  }
  c.pairs = int64_t(sizes.size());
  c.meanPredicted = meanOf(predicted);
  c.meanMeasured = meanOf(measured);
  c.bias = c.meanMeasured - c.meanPredicted;
  c.meanError = meanOf(sizes);
  c.p90Error = quantile(sizes, 0.9);
  c.rankCorrelation = rankCorrelation(predicted, measured);
  if (c.withInterval > 0) c.inside = double(inside) / double(c.withInterval);
  return c;
}

}  // namespace ditscope::analyzer
