// SPDX-License-Identifier: GPL-3.0-or-later
// Colour scales as 256-entry tables. Viridis and cividis are perceptually even and safe for colour-blind
// readers (cividis: Nunez, Anderton, Renslow 2018); the diverging one is white at the centre.
#pragma once

#include <QColor>
#include <QString>
#include <array>
#include <span>

#include "gui/models/value_scale.h"

namespace ditscope::gui {

enum class ColourMapId { Viridis, Cividis, Greys, BlueWhiteRed };
using ColourTable = std::array<QRgb, 256>;

[[nodiscard]] const ColourTable& colourTable(ColourMapId id);
[[nodiscard]] QString colourMapName(ColourMapId id);
[[nodiscard]] std::span<const ColourMapId> sequentialMaps();

// Of a value on a scale; fully transparent for NaN, so that the "not measured" hatch beneath shows through.
[[nodiscard]] QRgb colourOf(double value, const ValueScale& scale, const ColourTable& table);

[[nodiscard]] QRgb mix(QRgb a, QRgb b, double t);
[[nodiscard]] bool isDark(QRgb colour);  // white text is readable on it

}  // namespace ditscope::gui
