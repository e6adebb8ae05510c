// SPDX-License-Identifier: GPL-3.0-or-later
// One quantity of every head of one step: layers down, heads across. Click or arrow keys choose the head.
#pragma once

#include "analyzer/quantity.h"
#include "gui/plots/colour_map.h"
#include "gui/views/pane.h"

class QCheckBox;
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
  [[nodiscard]] ValueScale scale() const { return m_scale; }
  [[nodiscard]] HeatmapPlot* plot() const { return m_plot; }

  void fit() override;
  [[nodiscard]] QString copyText() const override;

 private:
  void buildControls(QVBoxLayout& column);
  void connectPlot();
  void reload();  // another trace, step, branch, quantity or colour scale
  void readValues();
  void chooseScale();
  void showReadout();
  [[nodiscard]] Cell cellAt(int row, int col) const;
  [[nodiscard]] QString describe(const Cell& cell) const;
  [[nodiscard]] std::optional<QPoint> position(const std::optional<Cell>& cell) const;

  QLabel* m_heading;
  QComboBox* m_quantity;
  QComboBox* m_colours;
  QCheckBox* m_lock;
  HeatmapPlot* m_plot;
  ColourBar* m_bar;
  QLabel* m_readout;
  std::vector<double> m_values;  // [layers][heads]
  ValueScale m_scale;
  ColourMapId m_map = ColourMapId::Viridis;
};

// Without its unit and short enough for a cell: percent, nats, rows or milliseconds.
[[nodiscard]] QString cellText(analyzer::Quantity quantity, double value);

}  // namespace ditscope::gui
