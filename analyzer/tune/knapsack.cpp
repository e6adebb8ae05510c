// SPDX-License-Identifier: Apache-2.0
#include "analyzer/tune/knapsack.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace ditscope::analyzer {
namespace {

constexpr size_t kImproved = 4;  // of the solutions to start from, the cheapest: exchanges are dear

struct Move {  // one step up the hull of a group
  size_t group = 0, to = 0;
  double cost = 0, gain = 0;  // more than before; both > 0
  [[nodiscard]] double slope() const { return cost / gain; }
};

// Options on the lower convex hull over gain, from the cheapest on.
std::vector<size_t> hullOf(const KnapsackGroup& options) {
  std::vector<size_t> order(options.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return options[a].cost < options[b].cost ||
           (options[a].cost == options[b].cost && options[a].gain > options[b].gain);
  });
  const auto steeper = [&](size_t a, size_t b, size_t c) {  // a-b is no cheaper a gain than b-c
    return (options[b].cost - options[a].cost) * (options[c].gain - options[b].gain) >=
           (options[c].cost - options[b].cost) * (options[b].gain - options[a].gain);
  };
  std::vector<size_t> hull;
  for (const size_t next : order) {
    if (!hull.empty() && options[next].gain <= options[hull.back()].gain) continue;
    while (hull.size() >= 2 && steeper(hull[hull.size() - 2], hull.back(), next)) hull.pop_back();
    hull.push_back(next);
  }
  return hull;
}

struct Relaxation {
  std::vector<size_t> first;  // the cheapest option of each group
  std::vector<Move> moves;    // from there, best first
};

Relaxation relax(std::span<const KnapsackGroup> groups) {
  Relaxation r;
  for (size_t g = 0; g < groups.size(); ++g) {
    const std::vector<size_t> hull = hullOf(groups[g]);
    r.first.push_back(hull.front());
    for (size_t i = 1; i < hull.size(); ++i) {
      const KnapsackOption &from = groups[g][hull[i - 1]], &to = groups[g][hull[i]];
      r.moves.push_back({g, hull[i], to.cost - from.cost, to.gain - from.gain});
    }
  }
  std::stable_sort(r.moves.begin(), r.moves.end(),
                   [](const Move& a, const Move& b) { return a.slope() < b.slope(); });
  return r;
}

// Sums anew, so that long runs of exchanges do not drift.
void total(std::span<const KnapsackGroup> groups, KnapsackSolution& s) {
  s.cost = s.gain = 0;
  for (size_t g = 0; g < groups.size(); ++g) {
    s.cost += groups[g][s.chosen[g]].cost;
    s.gain += groups[g][s.chosen[g]].gain;
  }
}

double slack(double needed) {  // sums of the same numbers in another order must still suffice
  return 1e-12 * std::max(1.0, std::abs(needed));
}

// Takes the exchange that saves most until none saves anything; then spends what gain is to spare no more.
void improve(std::span<const KnapsackGroup> groups, double needed, KnapsackSolution& s) {
  for (bool better = true; better;) {
    better = false;
    size_t group = 0, to = 0;
    double best = 0;
    for (size_t g = 0; g < groups.size(); ++g) {
      const KnapsackOption& now = groups[g][s.chosen[g]];
      for (size_t o = 0; o < groups[g].size(); ++o) {
        const double saved = now.cost - groups[g][o].cost;
        if (saved <= best || s.gain - now.gain + groups[g][o].gain < needed - slack(needed)) continue;
        best = saved;
        group = g;
        to = o;
      }
    }
    if (best > 1e-12 * std::abs(s.cost)) {
      s.chosen[group] = to;
      total(groups, s);
      better = true;
    }
  }
}

}  // namespace

std::optional<KnapsackSolution> solveKnapsack(std::span<const KnapsackGroup> groups, double needed,
                                              std::span<const std::vector<size_t>> starts) {
  const Relaxation relaxed = relax(groups);
  KnapsackSolution s{.chosen = relaxed.first};
  total(groups, s);
  double bound = s.cost, rate = 0;
  std::vector<KnapsackSolution> tries;
  size_t next = 0;
  for (; next < relaxed.moves.size() && s.gain < needed - slack(needed); ++next) {
    const Move& move = relaxed.moves[next];
    const double missing = needed - s.gain;
    rate = move.slope();
    if (move.gain >= missing) {  // the last one: in part it gives the bound
      bound = s.cost + move.cost * missing / move.gain;
      // Without it, one exchange of another group may do and cost less.
      KnapsackSolution best;
      best.cost = std::numeric_limits<double>::infinity();
      for (size_t g = 0; g < groups.size(); ++g) {
        const KnapsackOption& now = groups[g][s.chosen[g]];
        for (size_t o = 0; o < groups[g].size(); ++o) {
          const double cost = s.cost - now.cost + groups[g][o].cost;
          if (s.gain - now.gain + groups[g][o].gain < needed - slack(needed) || cost >= best.cost) continue;
          best.chosen = s.chosen;
          best.chosen[g] = o;
          best.cost = cost;
        }
      }
      if (!best.chosen.empty()) tries.push_back(best);
    }
    s.chosen[move.group] = move.to;
    s.cost += move.cost;
    s.gain += move.gain;
  }
  total(groups, s);
  if (s.gain < needed - slack(needed)) return std::nullopt;
  tries.push_back(s);
  for (const std::vector<size_t>& start : starts) tries.push_back({.chosen = start});
  for (KnapsackSolution& t : tries) total(groups, t);
  std::erase_if(tries, [&](const KnapsackSolution& t) { return t.gain < needed - slack(needed); });
  const auto cheaper = [](const KnapsackSolution& a, const KnapsackSolution& b) { return a.cost < b.cost; };
  std::stable_sort(tries.begin(), tries.end(), cheaper);
  if (tries.size() > kImproved) tries.resize(kImproved);
  for (KnapsackSolution& t : tries) improve(groups, needed, t);
  const auto best = std::min_element(tries.begin(), tries.end(), cheaper);
  KnapsackSolution result = *best;
  result.bound = std::min(bound, result.cost);
  result.rate = rate;
  return result;
}

std::vector<KnapsackSolution> knapsackFront(std::span<const KnapsackGroup> groups, size_t most) {
  const Relaxation relaxed = relax(groups);
  std::vector<KnapsackSolution> front;
  KnapsackSolution s{.chosen = relaxed.first};
  const size_t last = relaxed.moves.size();
  const size_t wanted = std::min(std::max<size_t>(most, 2), last + 1);
  for (size_t i = 0; i <= last; ++i) {
    if (i > 0) s.chosen[relaxed.moves[i - 1].group] = relaxed.moves[i - 1].to;
    const bool due = wanted == 1 || i == front.size() * last / (wanted - 1);
    if (!due) continue;
    total(groups, s);
    s.bound = s.cost;
    front.push_back(s);
  }
  return front;
}

}  // namespace ditscope::analyzer
