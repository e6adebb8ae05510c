// SPDX-License-Identifier: GPL-3.0-or-later
// One quantity of every head over two axes: layers by heads at a step, or over the steps. Click or arrow keys
// choose the head or the step; means stand at the edges.
#pragma once

#include <tuple>

#include "analyzer/quantity.h"
#include "gui/models/grid_values.h"
#include "gui/plots/colour_map.h"
#include "gui/views/pane.h"

class QAction;
class QComboBox;
class QLabel;
class QVBoxLayout;

namespace ditscope::gui {

class ColourBar;
class HeatmapPlot;

class GridView : public Pane {
  Q_OBJECT
 public:
  explicit GridView(Session* session, QWidget* parent = nullptr);

  void setQuantity(analyzer::Quantity quantity);
  [[nodiscard]] analyzer::Quantity quantity() const;
  void setAxes(GridAxes axes);
  [[nodiscard]] GridAxes axes() const;
  void setSorted(bool sorted);
  void setLog(bool log);
  [[nodiscard]] ValueScale scale() const { return m_scale; }
  [[nodiscard]] const GridValues& values() const { return m_grid; }
  [[nodiscard]] HeatmapPlot* plot() const { return m_plot; }

  void fit() override;
  [[nodiscard]] QString copyText() const override;
  [[nodiscard]] TableData table() const override;

 private:
  void buildControls(QVBoxLayout& column);
  void connectPlot();
  void follow(Selection::Parts changed);
  void reload();  // another trace, step, branch, quantity or colour scale
  void chooseScale();
  void drawMap();
  void drawStrips();
  void showReadout();
  void move(int rows, int cols);
  [[nodiscard]] double valueOf(const Cell& cell) const;
  [[nodiscard]] std::vector<double> allValues();
  [[nodiscard]] QString describeDifference(const Cell& cell) const;
  [[nodiscard]] QString describe(const Cell& cell) const;
  [[nodiscard]] std::optional<QPoint> position(const std::optional<Cell>& cell) const;

  QComboBox* m_quantity;
  QComboBox* m_axes;
  QAction *m_lock, *m_log, *m_sort, *m_means;
  QLabel* m_heading;
  HeatmapPlot* m_plot;
  ColourBar* m_bar;
  QLabel* m_readout;
  GridValues m_grid;
  ValueScale m_scale;
  std::tuple<analyzer::Quantity, TracePtr, TracePtr> m_largestOf;  // what m_largest is the largest of
  double m_largest = 0;                                            // change between two runs
  ColourMapId m_map = ColourMapId::Viridis, m_wantedMap = ColourMapId::Viridis;
};

}  // namespace ditscope::gui
