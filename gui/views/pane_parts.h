// SPDX-License-Identifier: GPL-3.0-or-later
// Small widgets that all panes are made of.
#pragma once

#include <QComboBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QMenu>
#include <QToolButton>
#include <QVBoxLayout>

namespace ditscope::gui {

class ColourBar;
class HeatmapPlot;

[[nodiscard]] QLabel* headingLabel(QWidget* parent);  // one line, bold, elided by its owner
[[nodiscard]] QLabel* readoutLabel(QWidget* parent);  // selectable, wraps
// A label and its field, tied together for keyboard and screen reader.
void addField(QHBoxLayout& row, const QString& label, QWidget* field);
// The column that a pane is: controls, heading, plot, readout from top to bottom.
[[nodiscard]] QVBoxLayout* paneColumn(QWidget* pane);
struct HeatmapParts {
  QLabel* heading;
  HeatmapPlot* plot;
  ColourBar* bar;  // beside the plot
};
[[nodiscard]] HeatmapParts addHeatmap(QVBoxLayout& column, QWidget* pane);  // below what is there
// A button at the end of a row of controls that opens a menu of what is changed seldom.
[[nodiscard]] QToolButton* optionsButton(QMenu* menu, QWidget* parent);

}  // namespace ditscope::gui
