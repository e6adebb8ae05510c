// SPDX-License-Identifier: Apache-2.0
#include "analyzer/guard/modes.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace ditscope::analyzer {
namespace {

constexpr int64_t kLeastCount = 3;
constexpr double kLeastShare = 0.1;
constexpr double kLeastSeparation = 6;
constexpr double kLeastGap = 0.4;

double squaresAround(double mean, std::span<const double> values) {
  double sum = 0;
  for (const double value : values) sum += (value - mean) * (value - mean);
  return sum;
}

double meanOf(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / double(values.size());
}

}  // namespace

Modes splitIntoModes(std::span<const double> ascending) {
  Modes modes;
  const size_t n = ascending.size();
  if (n < 4) return modes;
  // The split with the largest sum of squares between the heaps has the smallest inside them.
  const double sum = std::accumulate(ascending.begin(), ascending.end(), 0.0);
  double lowSum = 0, most = -1;
  size_t split = 1;
  for (size_t k = 1; k < n; ++k) {
    lowSum += ascending[k - 1];
    const double apart = lowSum / double(k) - (sum - lowSum) / double(n - k);
    const double between = apart * apart * double(k) * double(n - k);
    if (between > most) most = between, split = k;
  }
  const auto low = ascending.first(split), high = ascending.subspan(split);
  modes.lower = meanOf(low);
  modes.upper = meanOf(high);
  modes.lowerCount = int64_t(split);
  modes.upperCount = int64_t(n - split);
  const double distance = modes.upper - modes.lower;
  if (!(distance > 0)) return modes;
  const double inside = (squaresAround(modes.lower, low) / double(low.size()) +
                         squaresAround(modes.upper, high) / double(high.size())) /
                        2;
  modes.separation = inside > 0 ? distance / std::sqrt(inside) : std::numeric_limits<double>::infinity();
  modes.emptyShare = (high.front() - low.back()) / distance;
  return modes;
}

bool isBimodal(const Modes& modes, double apart) {
  const int64_t smaller = std::min(modes.lowerCount, modes.upperCount);
  return smaller >= kLeastCount &&
         double(smaller) >= kLeastShare * double(modes.lowerCount + modes.upperCount) &&
         modes.upper - modes.lower >= apart && modes.separation >= kLeastSeparation &&
         modes.emptyShare >= kLeastGap;
}

}  // namespace ditscope::analyzer
