// SPDX-License-Identifier: GPL-3.0-or-later
// From values of a quantity to the scale and the words of its legend.
#pragma once

#include <QString>
#include <span>

#include "analyzer/quantity.h"

namespace ditscope::gui {

// What a value becomes: linear or logarithmic between lo and hi, clipped; NaN stays NaN.
struct ValueScale {
  double lo = 0;
  double hi = 1;
  bool log = false;
  [[nodiscard]] double position(double value) const;  // 0..1
};

// Without its unit and short enough for a cell: percent, nats, rows or milliseconds.
[[nodiscard]] QString cellText(analyzer::Quantity quantity, double value);
[[nodiscard]] QString cellUnit(analyzer::Quantity quantity);  // %, nats, ms, rows
// The same for a tick of the legend; signed when it is a difference.
[[nodiscard]] QString tickText(analyzer::Quantity quantity, double value, bool isSigned);

// Of the finite values; symmetric around 0 when diverging; hi > lo always.
[[nodiscard]] ValueScale rangeOf(std::span<const double> values, bool diverging);
// The same scale in decades: from the smallest positive value, at most four decades below the highest.
[[nodiscard]] ValueScale logScale(ValueScale scale, std::span<const double> values);

}  // namespace ditscope::gui
