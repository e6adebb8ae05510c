// SPDX-License-Identifier: GPL-3.0-or-later
// What a heatmap shows. The functions are called while drawing, on the GUI thread, and must not change what
// they return until another source is set.
#pragma once

#include <QImage>
#include <QString>
#include <functional>

namespace ditscope::gui {

enum class CellMark : unsigned char { None, Cross, Slash };

struct HeatmapSource {
  int rows = 0;
  int cols = 0;
  // The whole map as an image of at most that many pixels; transparent = not measured.
  std::function<QImage(int maxRows, int maxCols)> image;
  std::function<CellMark(int row, int col)> mark;  // optional; drawn where cells are large enough
  std::function<QString(int row, int col)> text;   // optional; drawn where it fits
  bool gaps = false;                               // a thin line between large cells
};

}  // namespace ditscope::gui
