// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/plots/heatmap_plot.h"

#include <QAction>
#include <QVBoxLayout>
#include <cmath>

#include "gui/plots/cell_cursor.h"
#include "gui/plots/cell_ticker.h"
#include "gui/plots/heatmap_plottable.h"
#include "gui/plots/navigator.h"

namespace ditscope::gui {
namespace {

const QString kCursorLayer = QStringLiteral("cursor");
constexpr double kSmallestCells = 4;

QSharedPointer<CellTicker> useCellTicker(QCPAxis* axis, int wantedTicks) {
  QSharedPointer<CellTicker> ticker(new CellTicker);
  ticker->setTickCount(wantedTicks);
  axis->setTicker(ticker);
  axis->grid()->setVisible(false);
  return ticker;
}

}  // namespace

HeatmapPlot::HeatmapPlot(QWidget* parent) : QWidget(parent), m_plot(new QCustomPlot(this)) {
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins({});
  layout->addWidget(m_plot);
  m_plot->setFocusPolicy(Qt::StrongFocus);
  setFocusProxy(m_plot);
  setMinimumSize(160, 120);
  QSizePolicy keepsPlace = m_plot->sizePolicy();  // coming and going must not lay out the whole window
  keepsPlace.setRetainSizeWhenHidden(true);
  m_plot->setSizePolicy(keepsPlace);

  m_plot->addLayer(kCursorLayer, m_plot->layer("overlay"), QCustomPlot::limBelow);
  m_plot->layer(kCursorLayer)->setMode(QCPLayer::lmBuffered);
  m_plot->yAxis->setRangeReversed(true);
  QCPAxisRect* rect = m_plot->axisRect();
  rect->setupFullAxesBox();
  rect->setMinimumMargins(QMargins(4, 6, 6, 4));
  for (QCPAxis* axis : {m_plot->xAxis2, m_plot->yAxis2}) {
    axis->setTicks(false);
    axis->setTickLabels(false);
  }
  m_map = new HeatmapPlottable(m_plot->xAxis, m_plot->yAxis);
  m_plot->plotLayout()->insertRow(0);  // of the strip above
  m_plot->plotLayout()->setRowSpacing(0);
  m_plot->plotLayout()->setColumnSpacing(0);
  m_plot->plotLayout()->setRowStretchFactor(0, 0.001);
  m_right = new EdgeStrip(m_plot, rect, EdgeStrip::Edge::Right);
  m_top = new EdgeStrip(m_plot, rect, EdgeStrip::Edge::Top);
  m_cursor = new CellCursor(rect, kCursorLayer);
  m_navigator = new Navigator(m_plot, rect, Navigator::Directions::Both);
  m_navigator->setSmallestView({kSmallestCells, kSmallestCells});

  connect(m_navigator, &Navigator::hovered, this, [this](QPointF at) {
    if (const auto cell = cellAt(at)) emit cellHovered(cell->y(), cell->x());
  });
  connect(m_navigator, &Navigator::left, this, &HeatmapPlot::pointerLeft);
  connect(m_navigator, &Navigator::clicked, this, [this](QPointF at) {
    if (const auto cell = cellAt(at)) emit cellClicked(cell->y(), cell->x());
  });
  connect(m_plot, &QCustomPlot::afterReplot, this, [this] {
    if (m_lastPooling == m_map->pooling()) return;
    m_lastPooling = m_map->pooling();
    emit poolingChanged();
  });
  addMoveActions();
  applyColours();
}

void HeatmapPlot::addMoveActions() {
  const struct {
    const char* name;
    Qt::Key key;
    int rows, cols;
  } moves[] = {{"Cell above", Qt::Key_Up, -1, 0},
               {"Cell below", Qt::Key_Down, 1, 0},
               {"Cell to the left", Qt::Key_Left, 0, -1},
               {"Cell to the right", Qt::Key_Right, 0, 1}};
  for (const auto& move : moves) {
    auto* action = new QAction(tr(move.name), this);
    action->setShortcut(move.key);
    action->setShortcutContext(Qt::WidgetWithChildrenShortcut);
    connect(action, &QAction::triggered, this, [this, move] { emit moveAsked(move.rows, move.cols); });
    addAction(action);
  }
}

void HeatmapPlot::setMap(HeatmapSource source) {
  m_plot->setVisible(source.rows > 0 && source.cols > 0);  // axes around nothing mislead
  m_map->setSource(std::move(source));
  m_navigator->setBounds(QRectF(0, 0, m_map->source().cols, m_map->source().rows));
  m_plot->replot(QCustomPlot::rpQueuedReplot);
}

void HeatmapPlot::setAxes(HeatmapAxis rows, HeatmapAxis cols) {
  m_rows = std::move(rows);
  m_cols = std::move(cols);
  useCellTicker(m_plot->yAxis, 10)->setLabels(m_map->source().rows, m_rows.label);
  useCellTicker(m_plot->xAxis, 8)->setLabels(m_map->source().cols, m_cols.label);
  m_plot->yAxis->setLabel(m_rows.title);
  m_plot->xAxis->setLabel(m_cols.title);
  drawEdges();
  m_plot->replot(QCustomPlot::rpQueuedReplot);
}

void HeatmapPlot::drawEdges() {
  m_plot->clearItems();
  const QColor line = plotColours(palette()).text;
  const auto add = [&](QPointF from, QPointF to) {
    auto* item = new QCPItemStraightLine(m_plot);
    item->point1->setCoords(from);
    item->point2->setCoords(to);
    QColor faint = line;
    faint.setAlpha(90);
    item->setPen(QPen(faint, 1, Qt::DotLine));
    item->setClipAxisRect(m_plot->xAxis->axisRect());  // the plot's first one is the strip above
    item->setAntialiased(false);
    item->setSelectable(false);
  };
  for (const double row : m_rows.edges) add({0, row}, {1, row});
  for (const double col : m_cols.edges) add({col, 0}, {col, 1});
}

void HeatmapPlot::setStrip(const StripData& rows) {
  m_right->setData(rows);
  m_plot->replot(QCustomPlot::rpQueuedReplot);
}

void HeatmapPlot::setTopStrip(const StripData& cols) {
  m_top->setData(cols);
  m_plot->replot(QCustomPlot::rpQueuedReplot);
}

void HeatmapPlot::setPinned(std::optional<QPoint> cell) {
  m_cursor->setPinned(cell);
  m_plot->layer(kCursorLayer)->replot();
}

void HeatmapPlot::setHovered(std::optional<QPoint> cell) {
  m_cursor->setHovered(cell);
  m_plot->layer(kCursorLayer)->replot();
}

QSize HeatmapPlot::pooling() const {
  return m_map->pooling();
}
void HeatmapPlot::fit() {
  m_navigator->fit();
}

std::optional<QPoint> HeatmapPlot::cellAt(QPointF position) const {
  const QPoint cell(int(std::floor(position.x())), int(std::floor(position.y())));
  const HeatmapSource& map = m_map->source();
  if (cell.x() < 0 || cell.y() < 0 || cell.x() >= map.cols || cell.y() >= map.rows) return std::nullopt;
  return cell;
}

void HeatmapPlot::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  if (event->type() == QEvent::PaletteChange || event->type() == QEvent::FontChange) applyColours();
}

void HeatmapPlot::applyColours() {
  const PlotColours colours = plotColours(palette());
  applyTheme(*m_plot, colours);
  m_map->setColours(colours);
  m_cursor->setColours(colours);
  for (EdgeStrip* strip : {m_right, m_top}) strip->applyColours(colours);
  drawEdges();
  m_plot->replot(QCustomPlot::rpQueuedReplot);
}

}  // namespace ditscope::gui
