// SPDX-License-Identifier: Apache-2.0
// A method with some parameters fixed, as it takes part in a comparison: "NAME" or "NAME:key=value,...". The
// parameter of its knob stays open, and the dense schedule is the comparison's, unless the text fixes it.
// With the knob's parameter fixed, or without a knob, it runs as given, once instead of at each density.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "collector/methods/method.h"

namespace ditscope::collector::compare {

struct Variant {
  std::string text;          // as given, and how it is called in tables
  std::string prefix;        // text with the dense schedule, ends in ':' or ','; the knob's parameter follows
  std::optional<Knob> knob;  // to be searched
  bool integerKnob = false;

  [[nodiscard]] std::string methodText(double value) const;  // for parseMethod()
};

// Throws db::Error for an unknown method or parameter.
[[nodiscard]] Variant parseVariant(const std::string& text, int denseSteps);

// Every registered method that has a knob.
[[nodiscard]] std::vector<std::string> defaultVariants();

// "1/32" or "0.03125", in (0, 1]. Throws db::Error.
[[nodiscard]] double parseDensity(const std::string& text);
// "1/32" where it is such a share, else 0.03; "as given" for kAsGiven.
[[nodiscard]] std::string densityText(double density);

inline constexpr double kAsGiven = 0;  // target of a variant whose knob is not searched

}  // namespace ditscope::collector::compare
