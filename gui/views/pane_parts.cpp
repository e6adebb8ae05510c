// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/views/pane_parts.h"

#include <QFileDialog>
#include <QHeaderView>

#include "gui/plots/colour_bar.h"
#include "gui/plots/heatmap_plot.h"
#include "gui/plots/value_map.h"
#include "gui/plots/xy_plot.h"

namespace ditscope::gui {

QLabel* headingLabel(QWidget* parent) {
  auto* label = new QLabel(parent);
  QFont bold = label->font();
  bold.setBold(true);
  label->setFont(bold);
  label->setMinimumWidth(40);
  label->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);
  return label;
}

QLabel* readoutLabel(QWidget* parent) {
  auto* label = new QLabel(parent);
  label->setWordWrap(true);
  label->setTextInteractionFlags(Qt::TextSelectableByMouse);
  label->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);
  label->setMinimumHeight(2 * label->fontMetrics().lineSpacing() + 2);
  label->setAlignment(Qt::AlignTop | Qt::AlignLeft);
  return label;
}

void addField(QHBoxLayout& row, const QString& label, QWidget* field) {
  auto* name = new QLabel(label, field->parentWidget());
  name->setBuddy(field);
  field->setAccessibleName(QString(label).remove(QChar('&')));
  row.addWidget(name);
  row.addWidget(field);
}

QVBoxLayout* paneColumn(QWidget* pane) {
  auto* column = new QVBoxLayout(pane);
  column->setContentsMargins(8, 6, 8, 4);
  column->setSpacing(4);
  return column;
}

HeatmapParts addHeatmap(QVBoxLayout& column, QWidget* pane) {
  const HeatmapParts parts{headingLabel(pane), new HeatmapPlot(pane), new ColourBar(pane)};
  column.addWidget(parts.heading);
  auto* row = new QHBoxLayout;
  row->setSpacing(2);
  row->addWidget(parts.plot, 1);
  row->addWidget(parts.bar);
  column.addLayout(row, 1);
  return parts;
}

void showValues(HeatmapPlot& plot, ColourBar& bar, const std::shared_ptr<const ValueMap>& map,
                ValueLook look) {
  if (look.isDifference) {
    look.colours = ColourMapId::BlueWhiteRed;
    look.scale = rangeOf(map->values, true);
  }
  plot.setMap(valueSource(map, look.scale, look.colours, look.format));
  bar.setLegend(valueLegend(*map, look.scale, look.colours, look.title, look.format));
}

PlotParts addPlot(QVBoxLayout& column, QWidget* pane) {
  const PlotParts parts{headingLabel(pane), new XyPlot(pane), readoutLabel(pane)};
  pane->setFocusProxy(parts.plot);
  column.addWidget(parts.heading);
  column.addWidget(parts.plot, 1);
  column.addWidget(parts.readout);
  return parts;
}

QTableView* dataTable(QAbstractItemModel* model, QWidget* parent) {
  auto* view = new QTableView(parent);
  view->setModel(model);
  view->setSortingEnabled(true);
  view->sortByColumn(-1, Qt::AscendingOrder);  // in the order it comes in until somebody asks
  view->setSelectionBehavior(QAbstractItemView::SelectRows);
  view->setEditTriggers(QAbstractItemView::NoEditTriggers);
  view->setAlternatingRowColors(true);
  view->setShowGrid(false);
  view->setWordWrap(false);
  view->setTabKeyNavigation(false);
  view->setFrameShape(QFrame::NoFrame);
  view->verticalHeader()->hide();
  view->verticalHeader()->setDefaultSectionSize(view->fontMetrics().height() + 6);
  view->horizontalHeader()->setHighlightSections(false);
  view->horizontalHeader()->setResizeContentsPrecision(
      60);  // rows that are measured for the width of a column
  view->horizontalHeader()->setStretchLastSection(true);
  return view;
}

void letNamesTakeTheRest(QTableView* table) {
  QHeaderView* header = table->horizontalHeader();
  header->setStretchLastSection(false);
  const auto stretch = [header](int, int columns) {  // a column that is not there yet cannot be told
    if (columns > 0) header->setSectionResizeMode(0, QHeaderView::Stretch);
  };
  QObject::connect(header, &QHeaderView::sectionCountChanged, header, stretch);
  stretch(0, header->count());
}

QString askForFile(QWidget* parent, const QString& title) {
  return QFileDialog::getOpenFileName(parent, title);
}
QString askForFolder(QWidget* parent, const QString& title) {
  return QFileDialog::getExistingDirectory(parent, title);
}
QString askForNewFile(QWidget* parent, const QString& title, const QString& suggestion) {
  return QFileDialog::getSaveFileName(parent, title, suggestion);
}

QToolButton* optionsButton(QMenu* menu, QWidget* parent) {
  auto* button = new QToolButton(parent);
  button->setText(QObject::tr("&Options"));
  button->setAccessibleName(QObject::tr("Options"));
  button->setPopupMode(QToolButton::InstantPopup);
  button->setMenu(menu);
  return button;
}

}  // namespace ditscope::gui
