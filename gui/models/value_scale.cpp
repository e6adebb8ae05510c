// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/models/value_scale.h"

#include <algorithm>
#include <cmath>

#include "gui/models/readout.h"

namespace ditscope::gui {
namespace {

constexpr double kDecades = 1e-4;  // floor of a logarithmic scale, as a share of its upper end

double inCellUnit(analyzer::Quantity quantity, double value) {  // percent, milliseconds, nats or rows
  switch (analyzer::info(quantity).unit) {
    case analyzer::Unit::Fraction:
      return value * 100;
    case analyzer::Unit::Nanoseconds:
      return value * 1e-6;
    case analyzer::Unit::Nats:
    case analyzer::Unit::Rows:
      break;
  }
  return value;
}

}  // namespace

double ValueScale::position(double value) const {
  if (std::isnan(value)) return value;
  const double span = log ? std::log(hi / lo) : hi - lo;
  if (!(span > 0)) return 0.5;
  const double at = log ? std::log(std::max(value, lo) / lo) : value - lo;
  return std::clamp(at / span, 0.0, 1.0);
}

QString cellText(analyzer::Quantity quantity, double value) {
  if (std::isnan(value)) return {};
  const double shown = inCellUnit(quantity, value);
  const bool percent = analyzer::info(quantity).unit == analyzer::Unit::Fraction;
  return percent && std::abs(shown) >= 1 ? QString::number(shown, 'f', 1) : numberText(shown);
}

QString cellUnit(analyzer::Quantity quantity) {
  switch (analyzer::info(quantity).unit) {
    case analyzer::Unit::Fraction:
      return QStringLiteral("%");
    case analyzer::Unit::Nanoseconds:
      return QStringLiteral("ms");
    case analyzer::Unit::Nats:
      return QStringLiteral("nats");
    case analyzer::Unit::Rows:
      break;
  }
  return QStringLiteral("rows");
}

QString tickText(analyzer::Quantity quantity, double value, bool isSigned) {
  const QString number = numberText(inCellUnit(quantity, value));
  return isSigned && value > 0 ? QStringLiteral("+") + number : number;
}

ValueScale rangeOf(std::span<const double> values, bool diverging) {
  ValueScale scale{.lo = 0, .hi = 0, .log = false};
  bool any = false;
  for (const double value : values) {
    if (!std::isfinite(value)) continue;
    scale.lo = any ? std::min(scale.lo, value) : value;
    scale.hi = any ? std::max(scale.hi, value) : value;
    any = true;
  }
  if (diverging) {
    scale.hi = std::max(std::abs(scale.lo), std::abs(scale.hi));
    scale.lo = -scale.hi;
  }
  if (!(scale.hi > scale.lo)) scale.hi = scale.lo + std::max(std::abs(scale.lo) * 0.01, 1e-6);
  return scale;
}

ValueScale logScale(ValueScale scale, std::span<const double> values) {
  if (!(scale.hi > 0)) return scale;
  double least = scale.hi;
  for (const double value : values)
    if (value > 0 && value < least) least = value;
  scale.lo = std::max({scale.lo, least, scale.hi * kDecades});
  scale.log = scale.lo < scale.hi;
  return scale;
}

}  // namespace ditscope::gui
