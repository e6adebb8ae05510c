// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/plots/edge_strip.h"

#include <qcustomplot.h>

#include <algorithm>
#include <cmath>

namespace ditscope::gui {
namespace {

constexpr int kRightWidth = 58;  // pixels
constexpr int kTopHeight = 34;

}  // namespace

EdgeStrip::EdgeStrip(QCustomPlot* plot, QCPAxisRect* map, Edge edge)
    : QObject(plot), m_edge(edge), m_rect(new QCPAxisRect(plot)) {
  const bool right = edge == Edge::Right;
  m_rect->setupFullAxesBox();
  for (QCPAxis* axis : m_rect->axes()) {
    axis->setTicks(false);
    axis->setTickLabels(false);
    axis->grid()->setVisible(false);
  }
  plot->plotLayout()->addElement(right ? 1 : 0, right ? 1 : 0, m_rect);
  m_rect->setSizeConstraintRect(QCPLayoutElement::scrInnerRect);
  auto* group = new QCPMarginGroup(plot);
  for (QCPAxisRect* each : {map, m_rect})
    each->setMarginGroup(right ? QCP::msTop | QCP::msBottom : QCP::msLeft | QCP::msRight, group);

  m_along = m_rect->axis(right ? QCPAxis::atLeft : QCPAxis::atBottom);
  m_across = m_rect->axis(right ? QCPAxis::atBottom : QCPAxis::atLeft);
  m_across->setTicks(true);
  m_across->setTickLabels(true);
  m_across->grid()->setVisible(true);
  const QCPAxis* shared = map->axis(right ? QCPAxis::atLeft : QCPAxis::atBottom);
  m_along->setRangeReversed(shared->rangeReversed());
  m_along->setRange(shared->range());
  connect(shared, qOverload<const QCPRange&>(&QCPAxis::rangeChanged), m_along,
          qOverload<const QCPRange&>(&QCPAxis::setRange));
  m_graph = plot->addGraph(m_along, m_across);
  m_graph->setLineStyle(QCPGraph::lsStepLeft);
  m_graph->setAntialiased(false);
  collapse(true);
}

void EdgeStrip::collapse(bool collapsed) {
  const bool right = m_edge == Edge::Right;
  const int size = collapsed ? 0 : right ? kRightWidth : kTopHeight;
  m_rect->setMinimumSize(right ? size : 0, right ? 0 : size);
  m_rect->setMaximumSize(right ? size : QWIDGETSIZE_MAX, right ? QWIDGETSIZE_MAX : size);
  m_rect->setMinimumMargins(collapsed ? QMargins() : right ? QMargins(4, 6, 14, 4) : QMargins(4, 9, 6, 3));
  for (QCPAxis* axis : m_rect->axes()) axis->setVisible(!collapsed);
  m_graph->setVisible(!collapsed);
}

void EdgeStrip::setData(const StripData& data) {
  collapse(data.values.empty());
  QVector<double> along, across;
  for (size_t i = 0; i < data.values.size(); ++i) {
    along << double(i);
    across << (std::isnan(data.values[i]) ? data.values[i] : std::clamp(data.values[i], data.lo, data.hi));
  }
  if (!data.values.empty()) {  // the last step reaches to the end of its row
    along << double(data.values.size());
    across << across.back();
  }
  m_graph->setData(along, across, true);
  QSharedPointer<QCPAxisTickerText> ends(new QCPAxisTickerText);
  ends->addTick(data.lo, data.loText);
  ends->addTick(data.hi, data.hiText);
  m_across->setTicker(ends);
  m_across->setRange(data.lo, data.hi);
  m_across->setLabel(m_edge == Edge::Right ? data.title : QString());
}

void EdgeStrip::applyColours(const PlotColours& colours) {
  QColor fill = colours.accent;
  fill.setAlpha(70);
  m_graph->setPen(QPen(colours.accent, 1));
  m_graph->setBrush(fill);
}

}  // namespace ditscope::gui
