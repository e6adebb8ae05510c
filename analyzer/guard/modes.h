// SPDX-License-Identifier: Apache-2.0
// Whether values come from two different things. Two problem sizes or densities under one kernel name make
// two heaps far apart; a shift between such groups says how the mix changed, not how fast the kernel is.
#pragma once

#include <cstdint>
#include <span>

#include "analyzer/statistics.h"

namespace ditscope::analyzer {

struct Modes {
  double lower = kNaN, upper = kNaN;  // means of the two heaps, in the units of the values
  int64_t lowerCount = 0, upperCount = 0;
  double separation = 0;  // distance of the means in standard deviations inside the heaps (Ashman's D)
  double emptyShare = 0;  // of that distance that lies between the heaps and holds no value
};

// The best split of ascending values into two (2-means in one dimension, found exactly). Fewer than four
// values have none.
[[nodiscard]] Modes splitIntoModes(std::span<const double> ascending);

// Two heaps that noise does not explain: at least `apart` from each other, each with a tenth of the values
// and three of them, far apart for their width and with a gap between them. A split of normal values has a
// separation of 2.7, of uniform ones 3.5.
[[nodiscard]] bool isBimodal(const Modes& modes, double apart);

}  // namespace ditscope::analyzer
