// SPDX-License-Identifier: Apache-2.0
#include "analyzer/guard/rank_test.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <utility>

namespace ditscope::analyzer {

double mannWhitneyP(std::span<const double> first, std::span<const double> second) {
  std::vector<std::pair<double, bool>> all;  // value, is of the first group
  all.reserve(first.size() + second.size());
  for (const double value : first) all.emplace_back(value, true);
  for (const double value : second) all.emplace_back(value, false);
  std::ranges::sort(all);

  double rankSum = 0, ties = 0;  // of the first group; sum of t^3 - t over groups of equal values
  for (size_t begin = 0, end = 0; begin < all.size(); begin = end) {
    double ofFirst = 0;
    for (end = begin; end < all.size() && all[end].first == all[begin].first; ++end)
      ofFirst += all[end].second ? 1 : 0;
    const double rank = (double(begin) + double(end) + 1) / 2;  // mean of the ranks begin + 1 to end
    const double equal = double(end - begin);
    rankSum += rank * ofFirst;
    ties += equal * equal * equal - equal;
  }
  const double m = double(first.size()), n = double(second.size()), both = m + n;
  const double u = rankSum - m * (m + 1) / 2;
  const double variance = m * n / 12 * (both + 1 - ties / (both * (both - 1)));
  if (!(variance > 0)) return 1;
  const double distance = std::max(0.0, std::abs(u - m * n / 2) - 0.5);
  return std::erfc(distance / std::sqrt(2 * variance));
}

std::vector<double> benjaminiHochberg(std::span<const double> p) {
  std::vector<size_t> order(p.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::sort(order, {}, [&](size_t i) { return p[i]; });
  std::vector<double> q(p.size());
  double least = 1;
  for (size_t rank = p.size(); rank > 0; --rank) {
    const size_t i = order[rank - 1];
    least = std::min(least, p[i] * double(p.size()) / double(rank));
    q[i] = least;
  }
  return q;
}

}  // namespace ditscope::analyzer
