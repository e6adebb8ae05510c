// SPDX-License-Identifier: Apache-2.0
// Spacing of noise levels for flow matching.
#pragma once

#include <vector>

namespace ditscope::collector {

// Moves noise levels in [0, 1] towards noise (shift > 1), as longer sequences need it.
[[nodiscard]] constexpr double shiftSigma(double sigma, double shift) {
  return shift * sigma / (1 + (shift - 1) * sigma);
}

// n values from first to last, both included; the first alone for n = 1.
[[nodiscard]] inline std::vector<double> linearlySpaced(double first, double last, int n) {
  std::vector<double> values;
  for (int i = 0; i < n; ++i) values.push_back(n == 1 ? first : first + (last - first) * i / (n - 1));
  return values;
}

}  // namespace ditscope::collector
