// SPDX-License-Identifier: Apache-2.0
// Viridis, by which values become colours in pictures: equal steps look equal, in print and to the
// colour-blind.
#pragma once

#include <string>

namespace ditscope::analyzer {

struct RampColour {
  int red = 0, green = 0, blue = 0;
  [[nodiscard]] std::string hex() const;  // #rrggbb
  [[nodiscard]] bool isDark() const;      // white text is readable on it
};

[[nodiscard]] RampColour rampColour(double at);  // clamped to [0, 1]
// The stops of an SVG gradient from 0 to 1.
[[nodiscard]] std::string rampStops();

}  // namespace ditscope::analyzer
