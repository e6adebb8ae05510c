// SPDX-License-Identifier: Apache-2.0
#include "analyzer/statistics.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace ditscope::analyzer {

void Summary::add(double value) {
  if (std::isnan(value)) {
    ++notMeasured;
  } else if (std::isinf(value)) {
    ++infinite;
  } else {
    min = count == 0 || value < min ? value : min;
    max = count == 0 || value > max ? value : max;
    sum += value;
    ++count;
  }
}

double meanOf(std::span<const double> values) {
  return values.empty() ? kNaN : std::accumulate(values.begin(), values.end(), 0.0) / double(values.size());
}

double quantile(std::vector<double> values, double share) {
  if (values.empty()) return kNaN;
  const double place = share * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::ptrdiff_t>(place);
  const auto nth = values.begin() + below;
  std::nth_element(values.begin(), nth, values.end());
  if (nth + 1 == values.end()) return *nth;
  const double above = *std::min_element(nth + 1, values.end());
  return *nth + (place - static_cast<double>(below)) * (above - *nth);
}

}  // namespace ditscope::analyzer
