// SPDX-License-Identifier: Apache-2.0
#include "collector/compare/pareto_axis.h"

#include <algorithm>
#include <cmath>

namespace ditscope::collector::compare {
namespace {

constexpr double kMargin = 0.05;  // of the axis, on either side

std::vector<double> logarithmicTicks(double low, double high) {
  const double decades = std::log10(high / low);
  const std::vector<double> digits = decades > 2   ? std::vector<double>{1}
                                     : decades > 1 ? std::vector<double>{1, 2, 5}
                                                   : std::vector<double>{1, 2, 3, 4, 5, 6, 8};
  std::vector<double> ticks;
  for (double decade = std::pow(10, std::floor(std::log10(low))); decade <= high; decade *= 10) {
    for (const double digit : digits) {
      const double tick = decade * digit;
      if (tick >= low && tick <= high) ticks.push_back(tick);
    }
  }
  return ticks;
}

std::vector<double> linearTicks(double low, double high) {
  const double raw = (high - low) / 6;
  const double decade = std::pow(10, std::floor(std::log10(raw)));
  double step = decade * 10;
  for (const double digit : {5.0, 2.0, 1.0}) {
    if (decade * digit >= raw) step = decade * digit;
  }
  std::vector<double> ticks;
  for (double i = std::ceil(low / step); i * step <= high; ++i) ticks.push_back(i * step);
  return ticks;
}

}  // namespace

double Axis::position(double value) const {
  return logarithmic ? std::log(value / low) / std::log(high / low) : (value - low) / (high - low);
}

Axis axisOver(std::span<const double> values, bool logarithmic) {
  Axis axis{0.1, 1, logarithmic, {}};
  if (!values.empty()) {
    const auto [least, most] = std::ranges::minmax(values);
    axis.low = least;
    axis.high = most;
  }
  if (axis.low == axis.high) {
    axis.low = logarithmic ? axis.low / 2 : axis.low - 1;
    axis.high = logarithmic ? axis.high * 2 : axis.high + 1;
  }
  if (logarithmic) {
    const double margin = std::pow(axis.high / axis.low, kMargin);
    axis.low /= margin;
    axis.high *= margin;
    axis.ticks = logarithmicTicks(axis.low, axis.high);
  } else {
    const double margin = kMargin * (axis.high - axis.low);
    axis.low -= margin;
    axis.high += margin;
    axis.ticks = linearTicks(axis.low, axis.high);
  }
  return axis;
}

}  // namespace ditscope::collector::compare
