// SPDX-License-Identifier: Apache-2.0
#include "analyzer/guard/modes.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "analyzer/format.h"
#include "analyzer/statistics.h"

namespace ditscope::analyzer {
namespace {

constexpr int64_t kLeastCount = 3;
constexpr double kLeastShare = 0.1;
constexpr double kLeastSeparation = 6;
constexpr double kLeastGap = 0.4;
constexpr double kFurthestMove = 0.35;  // of a kind, in distances to its neighbour; further it may be another
constexpr double kShareTest = 3.3;      // standard deviations: p = 0.001

double squaresAroundMean(std::span<const double> values) {
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / double(values.size());
  double sum = 0;
  for (const double value : values) sum += (value - mean) * (value - mean);
  return sum;
}

// Where two parts have the smallest squares around their means: exact 2-means in one dimension.
size_t bestSplit(std::span<const double> ascending) {
  const size_t n = ascending.size();
  const double sum = std::accumulate(ascending.begin(), ascending.end(), 0.0);
  double lowSum = 0, most = -1;
  size_t split = 1;
  for (size_t k = 1; k < n; ++k) {
    lowSum += ascending[k - 1];
    const double distance = lowSum / double(k) - (sum - lowSum) / double(n - k);
    const double between = distance * distance * double(k) * double(n - k);
    if (between > most) most = between, split = k;
  }
  return split;
}

double middle(std::span<const double> ascending) {
  return (ascending[(ascending.size() - 1) / 2] + ascending[ascending.size() / 2]) / 2;
}

bool areApart(std::span<const double> low, std::span<const double> high, double apart) {
  const double all = double(low.size() + high.size());
  const double smaller = double(std::min(low.size(), high.size()));
  const double distance = middle(high) - middle(low);
  if (smaller < double(kLeastCount) || smaller < kLeastShare * all || distance < apart) return false;
  const double variance =
      (squaresAroundMean(low) / double(low.size()) + squaresAroundMean(high) / double(high.size())) / 2;
  return distance >= kLeastSeparation * std::sqrt(variance) &&
         high.front() - low.back() >= kLeastGap * distance;
}

void collect(std::span<const double> ascending, double apart, std::vector<Mode>& modes) {
  if (ascending.size() >= 2 * size_t(kLeastCount)) {
    const size_t split = bestSplit(ascending);
    const auto low = ascending.first(split), high = ascending.subspan(split);
    if (areApart(low, high, apart)) {
      collect(low, apart, modes);
      collect(high, apart, modes);
      return;
    }
  }
  if (!ascending.empty()) modes.push_back({middle(ascending), int64_t(ascending.size())});
}

struct Kind {  // on one side
  std::vector<double> values;
};
std::vector<Kind> sorted(std::span<const double> values, const ModeMatch& match) {
  std::vector<Kind> kinds(match.centres.size());
  for (const double value : values) kinds[match.kindOf(value)].values.push_back(value);
  return kinds;
}

bool sharesDiffer(double first, double firstAll, double second, double secondAll) {
  const double pooled = (first + second) / (firstAll + secondAll);
  const double deviation = std::sqrt(pooled * (1 - pooled) * (1 / firstAll + 1 / secondAll));
  return std::abs(first / firstAll - second / secondAll) > kShareTest * deviation;
}

// Why the kinds of both sides are not the same ones.
std::string conflictOf(const std::vector<Kind>& base, const std::vector<Kind>& next, double baseCount,
                       double nextCount, const ModeMatch& match) {
  for (size_t i = 0; i < base.size(); ++i) {
    const double before = double(base[i].values.size()), after = double(next[i].values.size());
    if (sharesDiffer(before, baseCount, after, nextCount))
      return fmt::format("the launches of {} are {} in the base and {} in the new one: the mix changed",
                         formatDuration(std::exp(match.centres[i])), formatPercent(before / baseCount),
                         formatPercent(after / nextCount));
    if (base[i].values.empty() || next[i].values.empty()) continue;
    double neighbour = std::numeric_limits<double>::infinity();
    for (size_t k = 0; k < match.centres.size(); ++k)
      if (k != i) neighbour = std::min(neighbour, std::abs(match.centres[k] - match.centres[i]));
    if (std::abs(middle(next[i].values) - middle(base[i].values)) > kFurthestMove * neighbour)
      return "launches of several kinds under one name, and which is which is not sure";
  }
  return "";
}

}  // namespace

std::vector<Mode> modesOf(std::span<const double> ascending, double apart) {
  std::vector<Mode> modes;
  collect(ascending, apart, modes);
  return modes;
}

size_t ModeMatch::kindOf(double value) const {
  const auto nearest =
      std::ranges::min_element(centres, {}, [value](double centre) { return std::abs(centre - value); });
  return size_t(nearest - centres.begin());
}

ModeMatch matchModes(std::span<const double> base, std::span<const double> next, double apart) {
  ModeMatch match;
  std::vector<Mode> modes = modesOf(base, apart);
  if (modes.size() == 1) modes = modesOf(next, apart);
  for (const Mode& mode : modes) match.centres.push_back(mode.centre);
  if (modes.size() < 2) return match;
  const std::vector<Kind> before = sorted(base, match), after = sorted(next, match);
  match.conflict = conflictOf(before, after, double(base.size()), double(next.size()), match);
  for (size_t i = 0; i < before.size(); ++i)
    if (!before[i].values.empty()) match.centres[i] = middle(before[i].values);
  return match;
}

}  // namespace ditscope::analyzer
