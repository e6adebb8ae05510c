// SPDX-License-Identifier: GPL-3.0-or-later
// A heatmap with axes, zoom, a pinned and a hovered cell, frame lines and, at its right and above it, an
// optional strip with one bar a row or column. Row 0 is at the top. Arrow keys ask for the neighbouring cell.
#pragma once

#include <QPoint>
#include <QWidget>
#include <functional>
#include <optional>
#include <vector>

#include "gui/plots/edge_strip.h"
#include "gui/plots/heatmap_source.h"

class QCustomPlot;

namespace ditscope::gui {

class CellCursor;
class CellTicker;
class HeatmapPlottable;
class Navigator;

struct HeatmapAxis {
  QString title;
  std::function<QString(int)> label;  // of a row or column; empty function: its number
  std::vector<double> edges;          // lines, in cells; for example where frames begin
};

class HeatmapPlot : public QWidget {
  Q_OBJECT
 public:
  explicit HeatmapPlot(QWidget* parent = nullptr);

  void setMap(HeatmapSource source);  // the zoom stays when the shape is the same
  void setAxes(HeatmapAxis rows, HeatmapAxis cols);
  void setStrip(const StripData& rows);         // at the right; no values: no strip
  void setTopStrip(const StripData& cols);      // above
  void setPinned(std::optional<QPoint> cell);   // x = column, y = row
  void setHovered(std::optional<QPoint> cell);  // cheap: repaints one layer
  [[nodiscard]] QSize pooling() const;          // blocks a drawn cell, by columns and rows

  void fit();
  [[nodiscard]] QCustomPlot* canvas() const { return m_plot; }

 signals:
  void cellHovered(int row, int col);
  void pointerLeft();
  void cellClicked(int row, int col);
  void moveAsked(int rows, int cols);
  void poolingChanged();

 protected:
  void changeEvent(QEvent* event) override;

 private:
  void addMoveActions();
  void applyColours();
  void drawEdges();
  [[nodiscard]] std::optional<QPoint> cellAt(QPointF position) const;

  QCustomPlot* m_plot;
  HeatmapPlottable* m_map;
  EdgeStrip *m_right, *m_top;
  Navigator* m_navigator;
  CellCursor* m_cursor;
  HeatmapAxis m_rows, m_cols;
  QSize m_lastPooling{1, 1};
};

}  // namespace ditscope::gui
