// SPDX-License-Identifier: Apache-2.0
// Whether launches under one name are of several kinds. Two problem sizes or densities make heaps far apart;
// a shift between such groups would say how the mix changed, not how fast the kernel is. Where both sides
// show the same heaps in the same proportions, launches can still be compared within them.
// Values are logarithms of times, ascending.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace ditscope::analyzer {

struct Mode {
  double centre = 0;  // median
  int64_t count = 0;
};

// Heaps that noise does not explain: at least `apart` from each other, each with a tenth of the values and
// three of them, six times as far apart as they are wide and with a gap between them; by repeated exact
// 2-means. One for values of one kind. (Halves of normal values are 2.7 widths apart, of uniform ones 3.5.)
[[nodiscard]] std::vector<Mode> modesOf(std::span<const double> ascending, double apart);

struct ModeMatch {
  std::vector<double> centres;  // in the base; one where neither side has several kinds
  std::string conflict;         // why launches cannot be compared within kinds; empty = they can

  [[nodiscard]] size_t kindOf(double value) const;  // the nearest centre
};
[[nodiscard]] ModeMatch matchModes(std::span<const double> base, std::span<const double> next, double apart);

}  // namespace ditscope::analyzer
