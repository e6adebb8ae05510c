// SPDX-License-Identifier: Apache-2.0
// A running summary of measured values. NaN ("not measured") and infinities are left out of the statistics
// and counted, so that a mean can never hide that half of its values are missing.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace ditscope::analyzer {

inline constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

struct Summary {
  int64_t count = 0;        // finite values
  int64_t notMeasured = 0;  // NaN
  int64_t infinite = 0;
  double sum = 0;
  double min = kNaN;  // of the finite values; NaN when there are none
  double max = kNaN;

  void add(double value);
  [[nodiscard]] double mean() const { return count > 0 ? sum / static_cast<double>(count) : kNaN; }
};

[[nodiscard]] double meanOf(std::span<const double> values);  // NaN when there are none

// Between the two nearest values; NaN when there are none. share in [0, 1]; values finite.
[[nodiscard]] double quantile(std::vector<double> values, double share);

}  // namespace ditscope::analyzer
