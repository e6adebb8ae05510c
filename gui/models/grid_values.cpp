// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/models/grid_values.h"

#include <QObject>
#include <algorithm>
#include <cmath>
#include <numeric>

#include "analyzer/statistics.h"

namespace ditscope::gui {
namespace {

QString number(int value) {
  return QString::number(value);
}

struct RowKey {
  int layer = -1, head = -1;  // -1: all heads, or the column says which
  QString name;
};

std::vector<RowKey> rowKeys(const Selection::Extent& extent, const GridQuery& query) {
  std::vector<RowKey> rows;
  switch (query.axes) {
    case GridAxes::LayerHead:
    case GridAxes::LayerStep:
      for (const int layer : extent.layers) rows.push_back({layer, -1, number(layer)});
      break;
    case GridAxes::HeadStep:
      for (int head = 0; head < extent.heads; ++head) rows.push_back({query.at.layer, head, number(head)});
      break;
    case GridAxes::AllStep:
      for (const int layer : extent.layers)
        for (int head = 0; head < extent.heads; ++head)
          rows.push_back({layer, head, QStringLiteral("%1.%2").arg(layer).arg(head)});
      break;
  }
  return rows;
}

double meanOverHeads(const Selection::Extent& extent, Cell cell, const CellValue& value) {
  analyzer::Summary summary;
  for (cell.head = 0; cell.head < extent.heads; ++cell.head) summary.add(value(cell));
  return summary.mean();
}

void fill(GridValues& grid, const Selection::Extent& extent, const GridQuery& query, const CellValue& value) {
  const bool steps = query.axes != GridAxes::LayerHead;
  grid.cols = steps ? int(extent.steps.size()) : extent.heads;
  for (int col = 0; col < grid.cols; ++col)
    grid.colNames.push_back(number(steps ? extent.steps[size_t(col)] : col));
  for (const RowKey& row : rowKeys(extent, query)) {
    grid.rowNames.push_back(row.name);
    ++grid.rows;
    for (int col = 0; col < grid.cols; ++col) {
      Cell cell = query.at;
      cell.layer = row.layer;
      if (steps) cell.step = extent.steps[size_t(col)];
      cell.head = !steps ? col : row.head >= 0 ? row.head : query.at.head;
      grid.cells.push_back(cell);
      grid.values.push_back(query.axes == GridAxes::LayerStep ? meanOverHeads(extent, cell, value)
                                                              : value(cell));
    }
  }
}

// Highest first, what was not measured last, equal ones in their order.
std::vector<size_t> order(const std::vector<double>& values) {
  std::vector<size_t> indices(values.size());
  std::iota(indices.begin(), indices.end(), size_t{0});
  std::stable_sort(indices.begin(), indices.end(), [&](size_t a, size_t b) {
    if (std::isnan(values[a]) || std::isnan(values[b]))
      return !std::isnan(values[a]) && std::isnan(values[b]);
    return values[a] > values[b];
  });
  return indices;
}

void sortWithinRows(GridValues& grid) {
  const GridValues before = grid;
  for (int row = 0; row < grid.rows; ++row) {
    const auto first = before.values.begin() + std::ptrdiff_t(grid.place(row, 0));
    const std::vector<size_t> by = order({first, first + grid.cols});
    for (int col = 0; col < grid.cols; ++col) {
      const size_t from = before.place(row, int(by[size_t(col)]));
      grid.cells[grid.place(row, col)] = before.cells[from];
      grid.values[grid.place(row, col)] = before.values[from];
    }
  }
  grid.colTitle = QObject::tr("Rank of the head in its layer");
  for (int col = 0; col < grid.cols; ++col) grid.colNames[size_t(col)] = number(col + 1);
}

void sortRows(GridValues& grid) {
  const GridValues before = grid;
  const std::vector<size_t> by = order(before.rowMeans);
  for (int row = 0; row < grid.rows; ++row) {
    const int from = int(by[size_t(row)]);
    grid.rowNames[size_t(row)] = before.rowNames[size_t(from)];
    grid.rowMeans[size_t(row)] = before.rowMeans[size_t(from)];
    for (int col = 0; col < grid.cols; ++col) {
      grid.cells[grid.place(row, col)] = before.cell(from, col);
      grid.values[grid.place(row, col)] = before.value(from, col);
    }
  }
}

void addMeans(GridValues& grid) {
  std::vector<analyzer::Summary> rows(size_t(grid.rows)), cols(size_t(grid.cols));
  for (int row = 0; row < grid.rows; ++row) {
    for (int col = 0; col < grid.cols; ++col) {
      rows[size_t(row)].add(grid.value(row, col));
      cols[size_t(col)].add(grid.value(row, col));
    }
  }
  for (const auto& row : rows) grid.rowMeans.push_back(row.mean());
  for (const auto& col : cols) grid.colMeans.push_back(col.mean());
}

}  // namespace

QString gridAxesName(GridAxes axes) {
  switch (axes) {
    case GridAxes::LayerHead:
      return QObject::tr("layer \u00d7 head");
    case GridAxes::LayerStep:
      return QObject::tr("layer \u00d7 step");
    case GridAxes::HeadStep:
      return QObject::tr("head \u00d7 step");
    case GridAxes::AllStep:
      break;
  }
  return QObject::tr("all heads \u00d7 step");
}

std::pair<int, int> GridValues::find(const Cell& cell) const {
  const bool steps = axes != GridAxes::LayerHead;
  const bool heads = axes != GridAxes::LayerStep;
  for (int row = 0; row < rows; ++row) {
    const Cell& first = this->cell(row, 0);
    if (first.layer != cell.layer) continue;
    if (steps && heads && first.head != cell.head) continue;
    for (int col = 0; col < cols; ++col) {
      const Cell& at = this->cell(row, col);
      if (steps ? at.step == cell.step : at.head == cell.head) return {col, row};
    }
  }
  return {-1, -1};
}

GridValues gridValues(const Selection::Extent& extent, const GridQuery& query, const CellValue& value) {
  GridValues grid;
  grid.axes = query.axes;
  grid.colTitle = query.axes == GridAxes::LayerHead ? QObject::tr("Head") : QObject::tr("Step");
  grid.rowTitle = query.axes == GridAxes::HeadStep  ? QObject::tr("Head of layer %1").arg(query.at.layer)
                  : query.axes == GridAxes::AllStep ? QObject::tr("Layer, head")
                                                    : QObject::tr("Layer");
  if (extent.steps.empty() || extent.layers.empty()) return grid;
  fill(grid, extent, query, value);
  if (query.sorted && query.axes == GridAxes::LayerHead) sortWithinRows(grid);
  addMeans(grid);
  if (query.sorted && query.axes != GridAxes::LayerHead) sortRows(grid);
  return grid;
}

}  // namespace ditscope::gui
