// SPDX-License-Identifier: Apache-2.0
// What recording costs: the same work timed with recording off and on, in turns, so that a drift of the
// machine hits both.
#pragma once

#include <functional>
#include <vector>

namespace ditscope::collector {

struct Overhead {    // time on / time off
  double ratio = 0;  // median over the rounds
  double lo = 0;     // interval of the median that holds it with 95 % confidence; all rounds when there are
  double hi = 0;     // fewer than six, which is less confident (94 % for five)
};

// off and on return the seconds that they took. One unmeasured call of each goes first.
Overhead measureOverhead(int rounds, const std::function<double()>& off, const std::function<double()>& on);

Overhead summariseRatios(std::vector<double> ratios);

}  // namespace ditscope::collector
