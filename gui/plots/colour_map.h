// SPDX-License-Identifier: GPL-3.0-or-later
// Colour scales as 256-entry tables. Viridis and cividis are perceptually even and safe for colour-blind
// readers (cividis: Nunez, Anderton, Renslow 2018); the diverging one is white at the centre.
#pragma once

#include <QColor>
#include <QString>
#include <array>
#include <span>

namespace ditscope::gui {

enum class ColourMapId { Viridis, Cividis, Greys, BlueWhiteRed };
using ColourTable = std::array<QRgb, 256>;

[[nodiscard]] const ColourTable& colourTable(ColourMapId id);
[[nodiscard]] QString colourMapName(ColourMapId id);
[[nodiscard]] std::span<const ColourMapId> sequentialMaps();

// What a value becomes: linear or logarithmic between lo and hi, clipped; fully transparent for NaN, so that
// the "not measured" hatch beneath shows through.
struct ValueScale {
  double lo = 0;
  double hi = 1;
  bool log = false;
  [[nodiscard]] double position(double value) const;  // 0..1, NaN stays NaN
  [[nodiscard]] QRgb colour(double value, const ColourTable& table) const;
};

[[nodiscard]] QRgb mix(QRgb a, QRgb b, double t);
[[nodiscard]] bool isDark(QRgb colour);  // white text is readable on it

}  // namespace ditscope::gui
