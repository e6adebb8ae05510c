// SPDX-License-Identifier: GPL-3.0-or-later
// Two axes and one value: what a grid of heads shows, ready to draw. Where several cells share a place (all
// heads of a layer), their mean over what was measured stands for them.
#pragma once

#include <QString>
#include <functional>
#include <vector>

#include "analyzer/quantity.h"
#include "gui/models/selection.h"

namespace ditscope::gui {

enum class GridAxes : unsigned char { LayerHead, LayerStep, HeadStep, AllStep };  // rows, then columns
inline constexpr GridAxes kGridAxes[] = {GridAxes::LayerHead, GridAxes::LayerStep, GridAxes::HeadStep,
                                         GridAxes::AllStep};
[[nodiscard]] QString gridAxesName(GridAxes axes);

struct GridQuery {
  GridAxes axes = GridAxes::LayerHead;
  Cell at;              // step of LayerHead, layer of HeadStep, branch of all
  bool sorted = false;  // heads by value, highest first: within each layer, or the rows by their mean
};

struct GridValues {
  int rows = 0;
  int cols = 0;
  QString rowTitle, colTitle;
  std::vector<QString> rowNames, colNames;
  std::vector<Cell> cells;                 // [rows][cols]; what a click selects
  std::vector<double> values;              // likewise; NaN: not measured
  std::vector<double> rowMeans, colMeans;  // over what was measured

  [[nodiscard]] size_t place(int row, int col) const { return size_t(row) * size_t(cols) + size_t(col); }
  [[nodiscard]] const Cell& cell(int row, int col) const { return cells[place(row, col)]; }
  [[nodiscard]] double value(int row, int col) const { return values[place(row, col)]; }
  // Where a selected cell is shown, as column and row; {-1, -1}: nowhere.
  [[nodiscard]] std::pair<int, int> find(const Cell& cell) const;

  GridAxes axes = GridAxes::LayerHead;
};

using CellValue = std::function<double(const Cell&)>;
[[nodiscard]] GridValues gridValues(const Selection::Extent& extent, const GridQuery& query,
                                    const CellValue& value);

}  // namespace ditscope::gui
