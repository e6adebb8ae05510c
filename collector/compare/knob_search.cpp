// SPDX-License-Identifier: Apache-2.0
#include "collector/compare/knob_search.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace ditscope::collector::compare {
namespace {

constexpr double kLeastDensity = 1e-6;  // of a method that kept nothing, so that its logarithm exists
constexpr double kSaturated = 0.99;
constexpr double kFinest = 1e-3;  // intervals of positions are not divided below this

double distance(double density, double target) {
  return std::abs(std::log(std::max(density, kLeastDensity) / target));
}

}  // namespace

std::string reachText(Reach reach) {
  switch (reach) {
    case Reach::Reached:
      return "";
    case Reach::Steps:
      return "(in steps)";
    case Reach::CannotLower:
      return "(cannot go lower)";
    case Reach::CannotHigher:
      return "(cannot go higher)";
  }
  return "";
}

double KnobSearch::valueAt(double position) const {
  const double value = m_knob.logarithmic
                           ? m_knob.sparsest * std::pow(m_knob.densest / m_knob.sparsest, position)
                           : m_knob.sparsest + position * (m_knob.densest - m_knob.sparsest);
  if (m_integer) return std::round(value);
  const double rounded = std::stod(fmt::format("{:.4g}", value));
  return std::clamp(rounded, std::min(m_knob.sparsest, m_knob.densest),
                    std::max(m_knob.sparsest, m_knob.densest));
}

double KnobSearch::positionOf(double value) const {
  return m_knob.logarithmic ? std::log(value / m_knob.sparsest) / std::log(m_knob.densest / m_knob.sparsest)
                            : (value - m_knob.sparsest) / (m_knob.densest - m_knob.sparsest);
}

void KnobSearch::add(double value, double density) {
  const Point point{positionOf(value), value, std::max(density, kLeastDensity)};
  const auto at = std::ranges::lower_bound(m_points, point.position, {}, &Point::position);
  m_points.insert(at, point);
}

// What an end that is not measured is taken for: many knobs are the density itself.
KnobSearch::Point KnobSearch::assumedEnd(double position) const {
  const double value = valueAt(position);
  const bool likeDensity = m_knob.logarithmic && m_knob.sparsest < m_knob.densest && m_knob.densest == 1;
  return {position, value, position > 0 ? 1 : likeDensity ? value : 0.02};
}

bool KnobSearch::isMeasured(double value) const {
  return std::ranges::any_of(m_points, [value](const Point& point) { return point.value == value; });
}

std::optional<double> KnobSearch::next(double target, double tolerance, int tries) const {
  if (!m_points.empty() && distance(choose(target, tolerance).density, target) <= std::log1p(tolerance))
    return {};
  const auto isAbove = [target](const Point& point) { return point.density > target; };
  const auto lastBelow = std::find_if_not(m_points.rbegin(), m_points.rend(), isAbove).base();
  const auto firstAbove = std::find_if(lastBelow, m_points.end(), isAbove);
  const bool hasBelow = lastBelow != m_points.begin();
  const bool hasAbove = firstAbove != m_points.end();
  // Two misses on the same side: ask whether the method can go that far at all.
  for (const auto& [missing, end] : {std::pair(!hasBelow, valueAt(0)), std::pair(!hasAbove, valueAt(1))}) {
    if (missing && isMeasured(end)) return {};
    if (missing && tries >= 2) return end;
  }
  if (isStep(lastBelow - m_points.begin(), firstAbove - m_points.begin())) return {};
  return between(hasBelow ? *(lastBelow - 1) : assumedEnd(0), hasAbove ? *firstAbove : assumedEnd(1), target,
                 tries % 3 == 2);
}

// Two equal densities on either side of the target: nothing lies between the two.
bool KnobSearch::isStep(std::ptrdiff_t belowEnd, std::ptrdiff_t above) const {
  const auto densityAt = [this](std::ptrdiff_t i) { return m_points[size_t(i)].density; };
  return belowEnd >= 2 && above + 2 <= std::ssize(m_points) &&
         densityAt(belowEnd - 1) == densityAt(belowEnd - 2) && densityAt(above) == densityAt(above + 1);
}

std::optional<double> KnobSearch::between(const Point& below, const Point& above, double target,
                                          bool halve) const {
  const double width = above.position - below.position;
  const bool measured = isMeasured(below.value) && isMeasured(above.value);
  const auto scale = [measured](double density) {
    return measured ? std::log(density / (1 - density)) : std::log(density);
  };
  double share = (scale(target) - scale(below.density)) / (scale(above.density) - scale(below.density));
  // Where everything is kept, the density says nothing about how far the target is.
  const bool saturated = above.density >= kSaturated && isMeasured(above.value);
  if (halve || saturated || !std::isfinite(share)) share = 0.5;
  // A target outside of what the ends are assumed to be, or hard at one of them.
  share = std::clamp(share, 0.02, 0.98);
  for (const double tried : {share, 0.5}) {
    const double value = valueAt(below.position + tried * width);
    if (!isMeasured(value) && (m_integer || width > kFinest)) return value;
  }
  if (!m_integer) return {};
  for (double value = std::min(below.value, above.value) + 1; value < std::max(below.value, above.value);
       ++value) {
    if (!isMeasured(value)) return value;
  }
  return {};
}

KnobChoice KnobSearch::choose(double target, double tolerance) const {
  const Point best = *std::ranges::min_element(
      m_points, {}, [target](const Point& point) { return distance(point.density, target); });
  KnobChoice choice{best.value, best.density, Reach::Steps};
  if (distance(best.density, target) <= std::log1p(tolerance)) {
    choice.reach = Reach::Reached;
  } else if (std::ranges::all_of(m_points, [target](const Point& p) { return p.density > target; })) {
    choice.reach = Reach::CannotLower;
  } else if (std::ranges::all_of(m_points, [target](const Point& p) { return p.density < target; })) {
    choice.reach = Reach::CannotHigher;
  }
  return choice;
}

}  // namespace ditscope::collector::compare
