// SPDX-License-Identifier: GPL-3.0-or-later
// Light and dark. The palette decides: plots take all their colours from it and follow its changes.
#pragma once

#include <QBrush>
#include <QColor>
#include <QPalette>
#include <array>

#include "analyzer/mask_legend.h"

class QCustomPlot;
class QCPAxis;

namespace ditscope::gui {

[[nodiscard]] QPalette lightPalette();
[[nodiscard]] QPalette darkPalette();

// What a colour is for, so that curves are described without a palette.
enum class ColourRole : unsigned char {
  Accent,
  Second,
  Third,
  Fourth,
  Text,
  Faint,
  Frame,
  Good,
  Warning,
  Bad
};

struct PlotColours {
  bool dark = false;
  QColor background, text, faintText, frame, grid;
  QColor accent;  // the selected thing, the first curve
  QColor second, third, fourth;
  QColor good, warning, bad;  // of messages and badges; always beside a word
  [[nodiscard]] QColor of(ColourRole role) const;
};
[[nodiscard]] PlotColours plotColours(const QPalette& palette);
[[nodiscard]] QBrush notMeasuredBrush(const PlotColours& colours);  // diagonal hatch on the background

// A block class as a ramp over its mass: { lightest block, heaviest block }. The classes differ in
// lightness as well as in hue, and two of them carry a mark where cells are large enough.
struct ClassColours {
  QRgb low = 0;
  QRgb high = 0;
};
struct MaskColours {
  std::array<ClassColours, analyzer::kBlockClassCount> classes;
  QRgb pooledBoth = 0;  // kept and missed blocks share a pixel
};
[[nodiscard]] MaskColours maskColours(bool dark);

// Of two masks over each other.
struct PairColours {
  QRgb neither = 0, onlyFirst = 0, onlySecond = 0, both = 0;
};
[[nodiscard]] PairColours pairColours(bool dark);

// Colours and fonts of every axis, label and grid line of a plot.
void applyTheme(QCustomPlot& plot, const PlotColours& colours);
void applyTheme(QCPAxis& axis, const PlotColours& colours);

}  // namespace ditscope::gui
