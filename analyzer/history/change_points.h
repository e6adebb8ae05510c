// SPDX-License-Identifier: Apache-2.0
// Where a series of measurements changed its level. Divisive search by energy statistics inside sliding
// windows, Student's t instead of permutations, a generous first pass and a strict second one that joins
// neighbours again: fast, and the same every time.
// Sources: Matteson and James, A nonparametric approach for multiple change point analysis (2014); Fleming et
// al., Hunter: using change point detection to hunt for performance regressions (2023), now Apache Otava.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace ditscope::analyzer {

struct ChangePointRule {
  size_t window = 50;
  double p = 0.001;          // of the second pass; the first takes ten times as much
  double least = 0;          // difference of the means that matters
  size_t shortestLevel = 3;  // values between two changes; fewer are an outlier
};

struct ChangePoint {
  size_t index = 0;              // of the first value after the change
  double before = 0, after = 0;  // means of the levels on both sides
  double p = 1;
  [[nodiscard]] double change() const { return after - before; }
};

// values: in order of time, finite; logarithms where ratios matter. Ascending by index.
[[nodiscard]] std::vector<ChangePoint> changePoints(std::span<const double> values,
                                                    const ChangePointRule& rule = {});

}  // namespace ditscope::analyzer
