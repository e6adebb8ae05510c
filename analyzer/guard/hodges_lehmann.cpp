// SPDX-License-Identifier: Apache-2.0
#include "analyzer/guard/hodges_lehmann.h"

#include <cmath>
#include <limits>
#include <optional>

namespace ditscope::analyzer {
namespace {

int64_t countOf(const WeightedValues& group, size_t i) {
  return group.counts.empty() ? 1 : int64_t{group.counts[i]};
}

int64_t total(const WeightedValues& group) {
  int64_t sum = 0;
  for (size_t i = 0; i < group.values.size(); ++i) sum += countOf(group, i);
  return sum;
}

struct Extremes {
  double least, most;
};
std::optional<Extremes> extremes(const WeightedValues& group) {  // of the values that occur
  std::optional<Extremes> found;
  for (size_t i = 0; i < group.values.size(); ++i) {
    if (countOf(group, i) == 0) continue;
    if (!found) found = {group.values[i], group.values[i]};
    found->most = group.values[i];
  }
  return found;
}

// Pairs whose difference is at most `limit`. Rounded differences grow with `to` and fall with `from`, so that
// both ends of the staircase only move forward.
int64_t pairsUpTo(double limit, const WeightedValues& from, const WeightedValues& to, int64_t fromTotal) {
  int64_t pairs = 0, above = fromTotal;  // above: counts of `from` at and after i
  size_t i = 0;
  for (size_t j = 0; j < to.values.size(); ++j) {
    while (i < from.values.size() && to.values[j] - from.values[i] > limit) above -= countOf(from, i++);
    pairs += countOf(to, j) * above;
  }
  return pairs;
}

}  // namespace

double hodgesLehmann(const WeightedValues& from, const WeightedValues& to, double tolerance) {
  const auto a = extremes(from), b = extremes(to);
  if (!a || !b) return std::numeric_limits<double>::quiet_NaN();
  const int64_t fromTotal = total(from);
  const int64_t pairs = fromTotal * total(to);
  const double least = b->least - a->most, most = b->most - a->least;
  // The smallest limit that lets more than `below` pairs pass, by bisection down to neighbouring doubles.
  const auto ranked = [&](int64_t below, double low, double high) {
    if (pairsUpTo(low + tolerance, from, to, fromTotal) > below) return low;
    while (high - low > tolerance) {
      const double middle = low + (high - low) / 2;
      if (middle <= low || middle >= high) break;
      (pairsUpTo(middle, from, to, fromTotal) > below ? high : low) = middle;
    }
    return high;
  };
  const double lower = ranked((pairs - 1) / 2, least, most);
  if (pairs % 2 == 1) return lower;
  return (lower + ranked(pairs / 2, lower, most)) / 2;
}

}  // namespace ditscope::analyzer
