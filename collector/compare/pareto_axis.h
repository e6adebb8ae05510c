// SPDX-License-Identifier: Apache-2.0
// An axis of a picture: where a value lies between the ends, and the round values that are marked.
#pragma once

#include <span>
#include <vector>

namespace ditscope::collector::compare {

struct Axis {
  double low = 0, high = 1;
  bool logarithmic = false;
  std::vector<double> ticks;  // inside [low, high]

  [[nodiscard]] double position(double value) const;  // 0 = low, 1 = high
};

// A little wider than the values, which are positive for a logarithmic one.
[[nodiscard]] Axis axisOver(std::span<const double> values, bool logarithmic);

}  // namespace ditscope::collector::compare
