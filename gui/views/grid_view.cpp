// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/views/grid_view.h"

#include <QActionGroup>
#include <algorithm>
#include <cmath>

#include "analyzer/head_table.h"
#include "analyzer/pooling.h"
#include "gui/models/comparison.h"
#include "gui/models/readout.h"
#include "gui/plots/colour_bar.h"
#include "gui/plots/heatmap_plot.h"
#include "gui/views/pane_parts.h"

namespace ditscope::gui {

using analyzer::Quantity;

GridView::GridView(Session* owner, QWidget* parent) : Pane(owner, tr("Layers and heads"), parent) {
  QVBoxLayout* column = paneColumn(this);
  buildControls(*column);
  const HeatmapParts parts = addHeatmap(*column, this);
  m_heading = parts.heading;
  m_plot = parts.plot;
  m_bar = parts.bar;
  m_readout = readoutLabel(this);
  column->addWidget(m_readout);
  setFocusProxy(m_plot);
  connectPlot();
  connect(owner, &Session::traceChanged, this, &GridView::reload);
  connect(&owner->selection(), &Selection::pinnedChanged, this, &GridView::follow);
  connect(&owner->selection(), &Selection::hoveredChanged, this,
          [this] { m_plot->setHovered(position(selection().hovered())); });
  reload();
}

void GridView::buildControls(QVBoxLayout& column) {
  m_quantity = new QComboBox(this);
  for (const analyzer::QuantityInfo& info : analyzer::quantities()) {
    m_quantity->addItem(capitalised(text(info.label)), int(info.quantity));
    m_quantity->setItemData(m_quantity->count() - 1, text(info.help), Qt::ToolTipRole);
  }
  m_quantity->setCurrentIndex(m_quantity->findData(int(Quantity::Recall)));
  m_axes = new QComboBox(this);
  for (const GridAxes axes : kGridAxes) m_axes->addItem(gridAxesName(axes), int(axes));

  auto* menu = new QMenu(this);
  const auto addSwitch = [&](const QString& name, const QString& help, bool on) {
    QAction* action = menu->addAction(name);
    action->setCheckable(true);
    action->setChecked(on);
    action->setToolTip(help);
    connect(action, &QAction::toggled, this, &GridView::reload);
    return action;
  };
  menu->setToolTipsVisible(true);
  m_lock = addSwitch(tr("&Lock range"), tr("The same range for every step; otherwise that of the shown one"),
                     true);
  m_log = addSwitch(tr("Lo&garithmic"), tr("Colours in decades, down to the floor in the legend"), false);
  m_sort = addSwitch(tr("&Sort by value"), tr("Heads of a layer, or rows over steps, highest first"), false);
  m_means = addSwitch(tr("&Means at the edges"), tr("Of each row and each column"), true);
  QMenu* colours = menu->addMenu(tr("&Colours"));
  auto* group = new QActionGroup(this);
  for (const ColourMapId map : sequentialMaps()) {
    QAction* action = group->addAction(colours->addAction(colourMapName(map)));
    action->setCheckable(true);
    action->setChecked(map == m_wantedMap);
    connect(action, &QAction::triggered, this, [this, map] {
      m_wantedMap = map;
      reload();
    });
  }
  auto* row = new QHBoxLayout;
  addField(*row, tr("&Quantity"), m_quantity);
  addField(*row, tr("o&ver"), m_axes);
  row->addStretch();
  row->addWidget(optionsButton(menu, this));
  column.addLayout(row);
  connect(m_quantity, &QComboBox::currentIndexChanged, this, &GridView::reload);
  connect(m_axes, &QComboBox::currentIndexChanged, this, &GridView::reload);
}

void GridView::connectPlot() {
  connect(m_plot, &HeatmapPlot::cellHovered, this, [this](int row, int col) {
    selection().hover(m_grid.cell(row, col));
    emit session().readout(describe(m_grid.cell(row, col)));
  });
  connect(m_plot, &HeatmapPlot::pointerLeft, this, [this] {
    selection().hover(std::nullopt);
    emit session().readout({});
  });
  connect(m_plot, &HeatmapPlot::cellClicked, this,
          [this](int row, int col) { selection().pin(m_grid.cell(row, col)); });
  connect(m_plot, &HeatmapPlot::moveAsked, this, &GridView::move);
}

// To the neighbour on screen, whatever the axes and the order are.
void GridView::move(int rows, int cols) {
  const auto at = position(pinned());
  if (!at) return;
  const int row = std::clamp(at->y() + rows, 0, m_grid.rows - 1);
  const int col = std::clamp(at->x() + cols, 0, m_grid.cols - 1);
  selection().pin(m_grid.cell(row, col));
}

void GridView::setQuantity(Quantity quantity) {
  m_quantity->setCurrentIndex(m_quantity->findData(int(quantity)));
}
Quantity GridView::quantity() const {
  return Quantity(m_quantity->currentData().toInt());
}
void GridView::setAxes(GridAxes axes) {
  m_axes->setCurrentIndex(m_axes->findData(int(axes)));
}
GridAxes GridView::axes() const {
  return GridAxes(m_axes->currentData().toInt());
}
void GridView::setSorted(bool sorted) {
  m_sort->setChecked(sorted);
}
void GridView::setLog(bool log) {
  m_log->setChecked(log);
}
void GridView::fit() {
  m_plot->fit();
}

std::optional<QPoint> GridView::position(const std::optional<Cell>& cell) const {
  if (!cell || m_grid.cells.empty()) return std::nullopt;
  const auto [col, row] = m_grid.find(*cell);
  return row < 0 ? std::nullopt : std::optional(QPoint(col, row));
}

double GridView::valueOf(const Cell& cell) const {
  return session().showsDifference() ? difference(*trace(), *session().runB(), cell, quantity())
                                     : trace()->value(cell, quantity());
}

// Of all cells, whatever is shown: for a range that stays while the steps go by, and that two runs share.
std::vector<double> GridView::allValues() {
  std::vector<double> values;
  if (session().showsDifference()) {
    const std::tuple wanted(quantity(), session().runA(), session().runB());
    if (wanted != m_largestOf) {
      const auto changes = topChanges(*session().runA(), *session().runB(), quantity(), 1);
      m_largest = changes.empty() ? 0 : changes.front().by();
      m_largestOf = wanted;
    }
    return {m_largest};
  }
  for (const TracePtr& run : {session().runA(), session().runB()})
    if (run)
      values.insert(values.end(), run->table.column(quantity()).begin(), run->table.column(quantity()).end());
  return values;
}

void GridView::follow(Selection::Parts changed) {
  const bool needsStep = axes() == GridAxes::LayerHead && (changed & Selection::Step);
  const bool needsLayer = axes() == GridAxes::HeadStep && (changed & Selection::Layer);
  if (needsStep || needsLayer || (changed & (Selection::Branch | Selection::Run))) {
    reload();
  } else if (changed & Selection::kHeadParts) {
    m_plot->setPinned(position(pinned()));
    showReadout();
  }
}

void GridView::reload() {
  if (!trace() || selection().empty()) {
    m_grid = {};
    m_plot->setMap({});
    for (const auto set : {&HeatmapPlot::setStrip, &HeatmapPlot::setTopStrip}) (m_plot->*set)({});
    return;
  }
  m_grid = gridValues(selection().extent(), {axes(), pinned(), m_sort->isChecked()},
                      [this](const Cell& cell) { return valueOf(cell); });
  chooseScale();
  drawMap();
  drawStrips();
  showReadout();
}

void GridView::chooseScale() {
  const analyzer::QuantityInfo& info = analyzer::info(quantity());
  const bool diverging = info.scale == analyzer::ColourScale::Diverging || session().showsDifference();
  m_map = diverging ? ColourMapId::BlueWhiteRed : m_wantedMap;
  m_log->setEnabled(!diverging);
  const std::vector<double> all = m_lock->isChecked() ? allValues() : std::vector<double>();
  if (m_lock->isChecked() && session().showsDifference()) {
    m_scale = rangeOf(all, true);
  } else if (m_lock->isChecked()) {
    const analyzer::Range range = analyzer::colourRange(quantity(), all);
    m_scale = {.lo = range.lo, .hi = range.hi, .log = false};
  } else {
    m_scale = rangeOf(m_grid.values, diverging);
  }
  if (m_log->isChecked() && !diverging)
    m_scale = logScale(
        m_scale, m_lock->isChecked() ? std::span<const double>(all) : std::span<const double>(m_grid.values));
  ColourLegend legend;
  legend.scale = m_scale;
  legend.map = m_map;
  legend.title =
      QStringLiteral("%1 (%2%3)")
          .arg(capitalised(text(info.label)), cellUnit(quantity()), m_scale.log ? tr(", log") : QString());
  legend.format = [quantity = quantity(), diverging](double value) {
    return tickText(quantity, value, diverging);
  };
  for (const double value : m_grid.values) {
    legend.clippedLow |= value < m_scale.lo;
    legend.clippedHigh |= value > m_scale.hi;
    legend.hasNotMeasured |= std::isnan(value);
  }
  m_bar->setLegend(std::move(legend));
}

void GridView::drawMap() {
  HeatmapSource source;
  source.rows = m_grid.rows;
  source.cols = m_grid.cols;
  source.gaps = true;
  // Where there are more cells than pixels, the mean of those that share one is shown.
  source.image = [this](int maxRows, int maxCols) {
    const db::BlockMass grid{m_grid.rows, m_grid.cols, {m_grid.values.begin(), m_grid.values.end()}};
    const auto pooled = analyzer::poolMass(grid, maxRows, maxCols);
    QImage image(pooled.cols, pooled.rows, QImage::Format_ARGB32);
    for (int row = 0; row < pooled.rows; ++row)
      for (int col = 0; col < pooled.cols; ++col)
        image.setPixel(col, row, colourOf(double(pooled.at(row, col)), m_scale, colourTable(m_map)));
    return image;
  };
  source.text = [this](int row, int col) { return cellText(quantity(), m_grid.value(row, col)); };
  m_plot->setMap(std::move(source));
  const auto named = [](const QString& title, const std::vector<QString>& names) {
    return HeatmapAxis{.title = title, .label = [names](int at) { return names[size_t(at)]; }, .edges = {}};
  };
  m_plot->setAxes(named(m_grid.rowTitle, m_grid.rowNames), named(m_grid.colTitle, m_grid.colNames));
  m_plot->setPinned(position(pinned()));
}

void GridView::drawStrips() {
  const bool shown = m_means->isChecked();
  const auto strip = [&](const std::vector<double>& means) {
    return StripData{.title = tr("Mean"),
                     .values = shown ? means : std::vector<double>{},
                     .lo = m_scale.lo,
                     .hi = m_scale.hi,
                     .loText = tickText(quantity(), m_scale.lo, false),
                     .hiText = tickText(quantity(), m_scale.hi, false)};
  };
  m_plot->setStrip(strip(m_grid.rowMeans));
  m_plot->setTopStrip(strip(m_grid.colMeans));
}

}  // namespace ditscope::gui
