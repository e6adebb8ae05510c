// SPDX-License-Identifier: Apache-2.0
#include "collector/overhead.h"

#include <algorithm>
#include <cmath>

namespace ditscope::collector {

Overhead measureOverhead(int rounds, const std::function<double()>& off, const std::function<double()>& on) {
  off();
  on();
  std::vector<double> ratios;
  for (int round = 0; round < rounds; ++round) {
    const bool offFirst = round % 2 == 0;  // neither is always the one that follows the other
    const double first = offFirst ? off() : on();
    const double second = offFirst ? on() : off();
    ratios.push_back(offFirst ? second / first : first / second);
  }
  return summariseRatios(std::move(ratios));
}

// The k-th smallest and largest of n values hold the median unless fewer than k of n fall on one side, so
// the interval misses it with probability 2 P(Binomial(n, 1/2) < k), whatever the distribution.
Overhead summariseRatios(std::vector<double> ratios) {
  if (ratios.empty()) return {};
  std::sort(ratios.begin(), ratios.end());
  const size_t n = ratios.size();
  size_t k = 1;
  double choose = 1;  // n over k-1
  double below = std::pow(0.5, double(n));
  for (size_t next = 2; 2 * next <= n; ++next) {
    choose = choose * double(n - next + 2) / double(next - 1);
    below += choose * std::pow(0.5, double(n));
    if (2 * below > 0.05) break;
    k = next;
  }
  return {(ratios[(n - 1) / 2] + ratios[n / 2]) / 2, ratios[k - 1], ratios[n - k]};
}

}  // namespace ditscope::collector
