// SPDX-License-Identifier: Apache-2.0
// Finds the value of a method's knob at which it keeps a wanted density, with few measurements, each of which
// is a whole generation: next() names a value to measure, add() takes what it gave. Between two points the
// log-odds of the density are taken as linear along the knob (many masks fill up along a sigmoid); every
// third time the interval is halved instead. Measurements serve all targets. The density may be noisy, or
// move in steps; it should not fall along the knob.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "collector/methods/method.h"

namespace ditscope::collector::compare {

enum class Reach : uint8_t {
  Reached,       // within the tolerance
  Steps,         // the method's steps lie around the target: the nearest
  CannotLower,   // the sparsest that the method can do
  CannotHigher,  // the densest
};
[[nodiscard]] std::string reachText(Reach reach);  // "", "(in steps)", "(cannot go lower)", ...

struct KnobChoice {
  double value = 0;
  double density = 1;
  Reach reach = Reach::Reached;
};

class KnobSearch {
 public:
  KnobSearch(Knob knob, bool integer) : m_knob(std::move(knob)), m_integer(integer) {}

  void add(double value, double density);
  // Nothing when the search for this target is over; choose() says with what. tries: measurements that were
  // made for this target.
  [[nodiscard]] std::optional<double> next(double target, double tolerance, int tries) const;
  [[nodiscard]] KnobChoice choose(double target, double tolerance) const;  // after at least one add()

  // From 0 = sparsest to 1 = densest.
  [[nodiscard]] double valueAt(double position) const;  // as a user would write it: 4 digits, or whole
  [[nodiscard]] double positionOf(double value) const;

 private:
  struct Point {
    double position;
    double value;
    double density;
  };
  [[nodiscard]] Point assumedEnd(double position) const;
  [[nodiscard]] bool isStep(std::ptrdiff_t belowEnd, std::ptrdiff_t above) const;
  [[nodiscard]] bool isMeasured(double value) const;
  [[nodiscard]] std::optional<double> between(const Point& below, const Point& above, double target,
                                              bool halve) const;

  Knob m_knob;
  bool m_integer;
  std::vector<Point> m_points;  // by position
};

}  // namespace ditscope::collector::compare
