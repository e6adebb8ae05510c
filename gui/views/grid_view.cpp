// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/views/grid_view.h"

#include <QCheckBox>
#include <QVBoxLayout>
#include <algorithm>
#include <cmath>

#include "analyzer/pooling.h"
#include "gui/models/readout.h"
#include "gui/plots/colour_bar.h"
#include "gui/plots/heatmap_plot.h"
#include "gui/views/pane_parts.h"

namespace ditscope::gui {

using analyzer::Quantity;

namespace {

double inCellUnit(Quantity quantity, double value) {  // percent, milliseconds, nats or rows
  switch (analyzer::info(quantity).unit) {
    case analyzer::Unit::Fraction:
      return value * 100;
    case analyzer::Unit::Nanoseconds:
      return value * 1e-6;
    case analyzer::Unit::Nats:
    case analyzer::Unit::Rows:
      break;
  }
  return value;
}

}  // namespace

QString cellText(Quantity quantity, double value) {
  if (std::isnan(value)) return {};
  const double shown = inCellUnit(quantity, value);
  const bool percent = analyzer::info(quantity).unit == analyzer::Unit::Fraction;
  return percent && shown >= 1 ? QString::number(shown, 'f', 1) : numberText(shown);
}

namespace {

QString cellUnit(Quantity quantity) {
  switch (analyzer::info(quantity).unit) {
    case analyzer::Unit::Fraction:
      return QStringLiteral("%");
    case analyzer::Unit::Nanoseconds:
      return QStringLiteral("ms");
    case analyzer::Unit::Nats:
      return QStringLiteral("nats");
    case analyzer::Unit::Rows:
      break;
  }
  return QStringLiteral("rows");
}

ValueScale rangeOf(std::span<const double> values, bool diverging) {
  ValueScale scale{.lo = 0, .hi = 0, .log = false};
  bool any = false;
  for (const double value : values) {
    if (!std::isfinite(value)) continue;
    scale.lo = any ? std::min(scale.lo, value) : value;
    scale.hi = any ? std::max(scale.hi, value) : value;
    any = true;
  }
  if (diverging) {
    scale.hi = std::max(std::abs(scale.lo), std::abs(scale.hi));
    scale.lo = -scale.hi;
  }
  if (!(scale.hi > scale.lo)) scale.hi = scale.lo + std::max(std::abs(scale.lo) * 0.01, 1e-6);
  return scale;
}

}  // namespace

GridView::GridView(Session* owner, QWidget* parent) : Pane(owner, tr("Layers and heads"), parent) {
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(8, 6, 4, 4);
  column->setSpacing(4);
  buildControls(*column);
  m_heading = headingLabel(this);
  column->addWidget(m_heading);
  m_plot = new HeatmapPlot(this);
  setFocusProxy(m_plot);
  m_bar = new ColourBar(this);
  auto* row = new QHBoxLayout;
  row->setSpacing(2);
  row->addWidget(m_plot, 1);
  row->addWidget(m_bar);
  column->addLayout(row, 1);
  m_readout = readoutLabel(this);
  column->addWidget(m_readout);
  connectPlot();

  connect(owner, &Session::traceChanged, this, &GridView::reload);
  connect(&owner->selection(), &Selection::pinnedChanged, this, [this](Selection::Parts changed) {
    if (changed & (Selection::Step | Selection::Branch | Selection::Run)) {
      reload();
    } else if (changed & Selection::kHeadParts) {
      m_plot->setPinned(position(pinned()));
      showReadout();
    }
  });
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
  m_colours = new QComboBox(this);
  for (const ColourMapId map : sequentialMaps()) m_colours->addItem(colourMapName(map), int(map));
  m_lock = new QCheckBox(tr("&Lock range"), this);
  m_lock->setChecked(true);
  m_lock->setToolTip(tr("Locked: the same range for every step. Otherwise the range of the shown step."));
  auto* row = new QHBoxLayout;
  addField(*row, tr("&Quantity"), m_quantity);
  row->addStretch();
  row->addWidget(m_lock);
  row->addSpacing(8);
  addField(*row, tr("Colou&rs"), m_colours);
  column.addLayout(row);
  connect(m_quantity, &QComboBox::currentIndexChanged, this, &GridView::reload);
  connect(m_colours, &QComboBox::currentIndexChanged, this, &GridView::reload);
  connect(m_lock, &QCheckBox::toggled, this, &GridView::reload);
}

void GridView::connectPlot() {
  connect(m_plot, &HeatmapPlot::cellHovered, this, [this](int row, int col) {
    const Cell cell = cellAt(row, col);
    selection().hover(cell);
    emit session().readout(describe(cell));
  });
  connect(m_plot, &HeatmapPlot::pointerLeft, this, [this] {
    selection().hover(std::nullopt);
    emit session().readout({});
  });
  connect(m_plot, &HeatmapPlot::cellClicked, this,
          [this](int row, int col) { selection().pin(cellAt(row, col)); });
  connect(m_plot, &HeatmapPlot::moveAsked, this, [this](int rows, int cols) {
    if (rows != 0) selection().moveLayer(rows);
    if (cols != 0) selection().moveHead(cols);
  });
}

void GridView::setQuantity(Quantity quantity) {
  m_quantity->setCurrentIndex(m_quantity->findData(int(quantity)));
}
Quantity GridView::quantity() const {
  return Quantity(m_quantity->currentData().toInt());
}
void GridView::fit() {
  m_plot->fit();
}

Cell GridView::cellAt(int row, int col) const {
  Cell cell = pinned();
  cell.layer = trace()->extent.layers[size_t(row)];
  cell.head = col;
  return cell;
}

std::optional<QPoint> GridView::position(const std::optional<Cell>& cell) const {
  if (!cell || !trace()) return std::nullopt;
  const std::vector<int>& layers = trace()->extent.layers;
  const auto at = std::lower_bound(layers.begin(), layers.end(), cell->layer);
  if (at == layers.end() || *at != cell->layer) return std::nullopt;
  return QPoint(cell->head, int(at - layers.begin()));
}

void GridView::readValues() {
  m_values.clear();
  if (!trace()) return;
  Cell cell = pinned();
  for (const int layer : trace()->extent.layers) {
    cell.layer = layer;
    for (cell.head = 0; cell.head < trace()->extent.heads; ++cell.head)
      m_values.push_back(trace()->value(cell, quantity()));
  }
}

void GridView::chooseScale() {
  const analyzer::QuantityInfo& info = analyzer::info(quantity());
  const bool diverging = info.scale == analyzer::ColourScale::Diverging;
  m_map = diverging ? ColourMapId::BlueWhiteRed : ColourMapId(m_colours->currentData().toInt());
  m_colours->setEnabled(!diverging);
  if (!trace()) return;
  if (m_lock->isChecked()) {
    const analyzer::Range range = analyzer::colourRange(quantity(), trace()->table.column(quantity()));
    m_scale = {.lo = range.lo, .hi = range.hi, .log = false};
  } else {
    m_scale = rangeOf(m_values, diverging);
  }
  ColourLegend legend;
  legend.scale = m_scale;
  legend.map = m_map;
  legend.title = QStringLiteral("%1 (%2)").arg(capitalised(text(info.label)), cellUnit(quantity()));
  legend.format = [quantity = quantity()](double value) { return numberText(inCellUnit(quantity, value)); };
  for (const double value : m_values) {
    legend.clippedLow |= value < m_scale.lo;
    legend.clippedHigh |= value > m_scale.hi;
    legend.hasNotMeasured |= std::isnan(value);
  }
  m_bar->setLegend(std::move(legend));
}

void GridView::reload() {
  readValues();
  chooseScale();
  if (!trace() || selection().empty()) {
    m_plot->setMap({});
    return;
  }
  const std::vector<int>& layers = trace()->extent.layers;
  const int heads = trace()->extent.heads;
  HeatmapSource source;
  source.rows = int(layers.size());
  source.cols = heads;
  source.gaps = true;
  // More layers or heads than pixels are rare; the mean of those that share one is shown then.
  source.image = [this, rows = int(layers.size()), heads](int maxRows, int maxCols) {
    db::BlockMass grid{rows, heads, {m_values.begin(), m_values.end()}};
    const auto pooled = analyzer::poolMass(grid, maxRows, maxCols);
    QImage image(pooled.cols, pooled.rows, QImage::Format_ARGB32);
    for (int row = 0; row < pooled.rows; ++row)
      for (int col = 0; col < pooled.cols; ++col)
        image.setPixel(col, row, m_scale.colour(pooled.at(row, col), colourTable(m_map)));
    return image;
  };
  source.text = [this, heads](int row, int col) {
    return cellText(quantity(), m_values[size_t(row) * size_t(heads) + size_t(col)]);
  };
  m_plot->setMap(std::move(source));
  m_plot->setAxes({.title = tr("Layer"),
                   .label = [layers](int row) { return QString::number(layers[size_t(row)]); },
                   .edges = {}},
                  {.title = tr("Head"), .label = {}, .edges = {}});
  m_plot->setPinned(position(pinned()));
  showReadout();
}

QString GridView::describe(const Cell& cell) const {
  if (!trace()) return {};
  const std::optional<size_t> row = trace()->row(cell);
  QString value = text(analyzer::formatQuantity(quantity(), trace()->value(cell, quantity())));
  if (quantity() == Quantity::Time && row)
    value += QStringLiteral(", ") + timeMethodName(trace()->table.timeMethod[*row]);
  if (!row || std::isnan(trace()->value(cell, quantity()))) value = tr("not measured");
  return QStringLiteral("%1: %2 %3")
      .arg(headText(*trace(), cell), text(analyzer::info(quantity()).label), value);
}

void GridView::showReadout() {
  if (!trace()) return;
  const analyzer::QuantityInfo& info = analyzer::info(quantity());
  m_heading->setText(QStringLiteral("%1, %2, %3")
                         .arg(capitalised(text(info.label)), stepText(*trace(), pinned().step),
                              branchName(pinned().branch)));
  m_readout->setText(capitalised(describe(pinned())));
  m_plot->setAccessibleName(tr("Grid of %1, layers by heads").arg(text(info.label)));
  m_plot->setAccessibleDescription(m_readout->text());
}

QString GridView::copyText() const {
  return describe(pinned());
}

}  // namespace ditscope::gui
