// SPDX-License-Identifier: Apache-2.0
#include "analyzer/history/change_points.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "analyzer/history/student_t.h"
#include "analyzer/statistics.h"

namespace ditscope::analyzer {
namespace {

using Values = std::span<const double>;

// Sums of |x_i - x_j| over any rectangle of pairs of a window.
class Distances {
 public:
  explicit Distances(Values values) : m_side(values.size() + 1), m_sums(m_side * m_side) {
    for (size_t i = 1; i < m_side; ++i)
      for (size_t j = 1; j < m_side; ++j)
        at(i, j) = std::abs(values[i - 1] - values[j - 1]) + at(i - 1, j) + at(i, j - 1) - at(i - 1, j - 1);
  }
  [[nodiscard]] double between(size_t a, size_t b, size_t c, size_t d) const {  // i in [a, b), j in [c, d)
    return at(b, d) - at(a, d) - at(b, c) + at(a, c);
  }
  [[nodiscard]] double inside(size_t a, size_t b) const { return between(a, b, a, b) / 2; }

 private:
  double& at(size_t i, size_t j) { return m_sums[i * m_side + j]; }
  [[nodiscard]] double at(size_t i, size_t j) const { return m_sums[i * m_side + j]; }
  size_t m_side;
  std::vector<double> m_sums;
};

struct Candidate {
  size_t index = 0;
  double divergence = 0;
};

// The split of [begin, end) whose sides differ most; the right one may end early.
std::optional<Candidate> bestSplit(const Distances& distances, size_t begin, size_t end, size_t shortest) {
  std::optional<Candidate> best;
  for (size_t split = begin + shortest; split + shortest <= end; ++split) {
    const double left = double(split - begin), within = distances.inside(begin, split);
    for (size_t stop = split + shortest; stop <= end; ++stop) {
      const double right = double(stop - split);
      const double divergence =
          2 / (left + right) *
          (distances.between(begin, split, split, stop) - (left > 1 ? right / (left - 1) * within : 0) -
           (right > 1 ? left / (right - 1) * distances.inside(split, stop) : 0));
      if (!best || divergence > best->divergence) best = {split, divergence};
    }
  }
  return best;
}

// Indices inside one window, ascending: always splits the part that differs most, until one is not
// significant.
std::vector<size_t> splitWindow(Values values, double p, size_t shortest) {
  const Distances distances(values);
  std::vector<size_t> edges{0, values.size()};
  while (true) {
    std::optional<Candidate> best;
    size_t part = 0;
    for (size_t i = 0; i + 1 < edges.size(); ++i) {
      const auto candidate = bestSplit(distances, edges[i], edges[i + 1], shortest);
      if (candidate && (!best || candidate->divergence > best->divergence)) best = candidate, part = i;
    }
    if (!best) break;
    const size_t begin = edges[part], end = edges[part + 1];
    if (!(meansDifferP(values.subspan(begin, best->index - begin),
                       values.subspan(best->index, end - best->index)) < p))
      break;
    edges.insert(edges.begin() + std::ptrdiff_t(part) + 1, best->index);
  }
  return {edges.begin() + 1, edges.end() - 1};
}

std::vector<size_t> firstPass(Values values, const ChangePointRule& rule) {
  std::vector<size_t> found;
  for (size_t start = 0; start < values.size();) {
    const Values window = values.subspan(start, std::min(rule.window, values.size() - start));
    const std::vector<size_t> inside = splitWindow(window, 10 * rule.p, rule.shortestLevel);
    for (const size_t index : inside) found.push_back(start + index);
    const size_t last = inside.empty() ? 0 : start + inside.back();
    start = std::max(last, start + rule.window / 2);
  }
  std::ranges::sort(found);
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

ChangePoint measured(Values values, const std::vector<size_t>& found, size_t i) {
  const size_t begin = i == 0 ? 0 : found[i - 1], end = i + 1 == found.size() ? values.size() : found[i + 1];
  const Values before = values.subspan(begin, found[i] - begin),
               after = values.subspan(found[i], end - found[i]);
  return {found[i], meanOf(before), meanOf(after), meansDifferP(before, after)};
}

}  // namespace

std::vector<ChangePoint> changePoints(Values values, const ChangePointRule& rule) {
  std::vector<size_t> found = firstPass(values, rule);
  while (true) {
    std::vector<ChangePoint> points;
    for (size_t i = 0; i < found.size(); ++i) points.push_back(measured(values, found, i));
    if (points.empty()) return points;
    // The weakest goes, and its neighbours are measured again over the longer level.
    auto weakest = std::ranges::max_element(points, {}, &ChangePoint::p);
    if (weakest->p < rule.p) {
      weakest =
          std::ranges::min_element(points, {}, [](const ChangePoint& c) { return std::abs(c.change()); });
      if (std::abs(weakest->change()) > rule.least) return points;
    }
    found.erase(found.begin() + (weakest - points.begin()));
  }
}

}  // namespace ditscope::analyzer
