// SPDX-License-Identifier: GPL-3.0-or-later
// Small widgets that all panes are made of.
#pragma once

#include <QAbstractItemModel>
#include <QComboBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QMenu>
#include <QTableView>
#include <QToolButton>
#include <QVBoxLayout>
#include <functional>
#include <memory>

#include "gui/plots/colour_map.h"

namespace ditscope::gui {

class ColourBar;
class HeatmapPlot;
class XyPlot;
struct ValueMap;

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
struct PlotParts {
  QLabel* heading;
  XyPlot* plot;
  QLabel* readout;
};
// How a map of values looks: as a difference of two runs always diverging around 0.
struct ValueLook {
  QString title;  // of the colour bar: quantity and unit
  ColourMapId colours = ColourMapId::Viridis;
  ValueScale scale = {.lo = 0, .hi = 1, .log = false};
  std::function<QString(double)> format = {};
  bool isDifference = false;
};
void showValues(HeatmapPlot& plot, ColourBar& bar, const std::shared_ptr<const ValueMap>& map,
                ValueLook look);

[[nodiscard]] PlotParts addPlot(QVBoxLayout& column, QWidget* pane);  // likewise; takes the pane's focus
// A table that sorts by its headers and selects whole rows; `model` is a proxy, or sorts itself.
[[nodiscard]] QTableView* dataTable(QAbstractItemModel* model, QWidget* parent);
void letNamesTakeTheRest(QTableView* table);  // the first column, of names, is as wide as the others leave it
// File dialogs, for where nobody chose for the user; an empty path: the user gave up.
[[nodiscard]] QString askForFile(QWidget* parent, const QString& title);
[[nodiscard]] QString askForFolder(QWidget* parent, const QString& title);
[[nodiscard]] QString askForNewFile(QWidget* parent, const QString& title, const QString& suggestion);
// A button at the end of a row of controls that opens a menu of what is changed seldom.
[[nodiscard]] QToolButton* optionsButton(QMenu* menu, QWidget* parent);

}  // namespace ditscope::gui
