// SPDX-License-Identifier: Apache-2.0
#include "analyzer/guard/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "analyzer/guard/hodges_lehmann.h"

namespace ditscope::analyzer {
namespace {

using Random = std::mt19937_64;

// The standard leaves its distributions to the library; this one is the same everywhere.
size_t below(Random& random, size_t bound) {
  return size_t((__uint128_t{random()} * bound) >> 64);
}

// All runs of a side in one ascending list; a draw is then a count for each value, which needs no sorting.
class Side {
 public:
  Side(std::span<const RunValues> runs, size_t longestRun) {
    std::vector<std::pair<double, size_t>> all;  // value, run
    for (size_t run = 0; run < runs.size(); ++run)
      for (const double value : thinned(runs[run], longestRun)) all.emplace_back(value, run);
    std::ranges::sort(all);
    m_places.resize(runs.size());
    for (size_t place = 0; place < all.size(); ++place) {
      m_values.push_back(all[place].first);
      m_places[all[place].second].push_back(place);
    }
    m_counts.resize(all.size());
  }

  WeightedValues draw(Random& random) {
    std::ranges::fill(m_counts, 0);
    for (size_t i = 0; i < m_places.size(); ++i) {
      const std::vector<size_t>& run = m_places[m_places.size() == 1 ? 0 : below(random, m_places.size())];
      for (size_t k = 0; k < run.size(); ++k) ++m_counts[run[below(random, run.size())]];
    }
    return {m_values, m_counts};
  }

 private:
  static RunValues thinned(const RunValues& run, size_t longest) {
    if (run.size() <= longest) return run;
    RunValues quantiles(longest);
    for (size_t i = 0; i < longest; ++i) quantiles[i] = run[(2 * i + 1) * run.size() / (2 * longest)];
    return quantiles;
  }
  std::vector<double> m_values;
  std::vector<std::vector<size_t>> m_places;  // of each run in m_values
  std::vector<uint32_t> m_counts;
};

}  // namespace

Interval bootstrapInterval(double shift, std::span<const RunValues> base, std::span<const RunValues> next,
                           const BootstrapOptions& options) {
  Random random(options.seed);
  Side from(base, options.longestRun), to(next, options.longestRun);
  std::vector<double> shifts(size_t(options.replicates));
  for (double& replicate : shifts) {
    const WeightedValues drawn = from.draw(random);
    replicate = hodgesLehmann(drawn, to.draw(random), options.tolerance);
  }
  std::ranges::sort(shifts);
  const double tail = (1 - options.level) / 2 * double(shifts.size() - 1);
  const auto fewest = double(std::min(base.size(), next.size()));
  const double widening = fewest > 1 ? std::sqrt(fewest / (fewest - 1)) : 1;
  const double low = shifts[size_t(std::floor(tail))], high = shifts[shifts.size() - 1 - size_t(tail)];
  return {shift + widening * (low - shift), shift + widening * (high - shift)};
}

}  // namespace ditscope::analyzer
