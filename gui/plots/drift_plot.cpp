// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/plots/drift_plot.h"

#include <qcustomplot.h>

#include <QAction>
#include <QVBoxLayout>

#include "gui/plots/line_legend.h"
#include "gui/plots/navigator.h"
#include "gui/plots/theme.h"

namespace ditscope::gui {
namespace {

QVector<double> toQt(const std::vector<double>& values) {
  return {values.begin(), values.end()};
}

QCPItemStraightLine* verticalLine(QCPAxisRect* rect) {
  auto* line = new QCPItemStraightLine(rect->parentPlot());
  for (QCPItemPosition* point : {line->point1, line->point2})
    point->setAxes(rect->axis(QCPAxis::atBottom), rect->axis(QCPAxis::atLeft));
  line->setClipAxisRect(rect);
  line->setSelectable(false);
  return line;
}

}  // namespace

DriftPlot::DriftPlot(QWidget* parent)
    : QWidget(parent), m_legend(new LineLegend(this)), m_plot(new QCustomPlot(this)) {
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins({});
  layout->setSpacing(2);
  layout->addWidget(m_legend);
  layout->addWidget(m_plot, 1);
  m_plot->setFocusPolicy(Qt::StrongFocus);
  setFocusProxy(m_plot);
  setMinimumSize(160, 120);

  m_lseRect = m_plot->axisRect();
  m_maskRect = new QCPAxisRect(m_plot);
  m_plot->plotLayout()->addElement(1, 0, m_maskRect);
  m_plot->plotLayout()->setRowStretchFactor(0, 2);
  m_plot->plotLayout()->setRowSpacing(4);
  auto* group = new QCPMarginGroup(m_plot);
  for (QCPAxisRect* rect : {m_lseRect, m_maskRect}) rect->setMarginGroup(QCP::msLeft | QCP::msRight, group);
  m_lseRect->setMinimumMargins(QMargins(4, 4, 8, 4));
  m_maskRect->setMinimumMargins(QMargins(4, 2, 8, 4));
  buildGraphs();

  m_lseNavigator = new Navigator(m_plot, m_lseRect, Navigator::Directions::Horizontal);
  m_maskNavigator = new Navigator(m_plot, m_maskRect, Navigator::Directions::Horizontal);
  QCPAxis* upper = m_lseRect->axis(QCPAxis::atBottom);
  QCPAxis* lower = m_maskRect->axis(QCPAxis::atBottom);
  const auto rangeChanged = qOverload<const QCPRange&>(&QCPAxis::rangeChanged);
  const auto setRange = qOverload<const QCPRange&>(&QCPAxis::setRange);
  connect(upper, rangeChanged, lower, setRange);
  connect(lower, rangeChanged, upper, setRange);
  for (Navigator* navigator : {m_lseNavigator, m_maskNavigator}) {
    connect(navigator, &Navigator::clicked, this, [this](QPointF at) { emit stepClicked(at.x()); });
    connect(navigator, &Navigator::hovered, this, [this](QPointF at) { emit stepHovered(at.x()); });
  }
  connect(m_maskNavigator, &Navigator::left, this, &DriftPlot::pointerLeft);
  addMoveActions();
  applyColours();
}

void DriftPlot::buildGraphs() {
  QCPAxis* x = m_lseRect->axis(QCPAxis::atBottom);
  QCPAxis* y = m_lseRect->axis(QCPAxis::atLeft);
  m_median = m_plot->addGraph(x, y);
  m_p90 = m_plot->addGraph(x, y);
  m_p90->setChannelFillGraph(m_median);
  m_layer = m_plot->addGraph(x, y);
  m_mean = m_plot->addGraph(x, y);
  m_mask = m_plot->addGraph(m_maskRect->axis(QCPAxis::atBottom), m_maskRect->axis(QCPAxis::atLeft));
  m_otherMean = m_plot->addGraph(x, y);
  m_otherMask = m_plot->addGraph(m_mask->keyAxis(), m_mask->valueAxis());
  y->setLabel(tr("LSE drift (nats)"));
  y->setNumberFormat(QStringLiteral("gb"));
  y->setNumberPrecision(3);
  x->setTickLabels(false);
  m_maskRect->axis(QCPAxis::atLeft)->setLabel(tr("Mask drift"));
  m_maskRect->axis(QCPAxis::atLeft)->setRange(0, 1);
  m_maskRect->axis(QCPAxis::atLeft)->ticker()->setTickCount(3);
  m_maskRect->axis(QCPAxis::atBottom)->setLabel(tr("Step"));
  for (QCPAxisRect* rect : {m_lseRect, m_maskRect}) {
    QSharedPointer<QCPAxisTickerFixed> whole(new QCPAxisTickerFixed);
    whole->setScaleStrategy(QCPAxisTickerFixed::ssMultiples);
    whole->setTickCount(10);
    rect->axis(QCPAxis::atBottom)->setTicker(whole);
    rect->axis(QCPAxis::atBottom)->setSubTicks(false);
    rect->axis(QCPAxis::atLeft)->setSubTicks(false);
  }
  m_lseStep = verticalLine(m_lseRect);
  m_maskStep = verticalLine(m_maskRect);
}

void DriftPlot::addMoveActions() {
  const auto add = [this](const QString& name, Qt::Key key, int by) {
    auto* action = new QAction(name, this);
    action->setShortcut(key);
    action->setShortcutContext(Qt::WidgetWithChildrenShortcut);
    connect(action, &QAction::triggered, this, [this, by] { emit moveAsked(by); });
    addAction(action);
  };
  add(tr("Step before"), Qt::Key_Left, -1);
  add(tr("Step after"), Qt::Key_Right, 1);
}

void DriftPlot::setSeries(const DriftSeries& series, const DriftSeries& other, double lseTop) {
  const QVector<double> steps = toQt(series.steps);
  m_median->setData(steps, toQt(series.p50), true);
  m_p90->setData(steps, toQt(series.p90), true);
  m_layer->setData(steps, toQt(series.layerMean), true);
  m_mean->setData(steps, toQt(series.mean), true);
  m_mask->setData(steps, toQt(series.mask), true);
  m_otherMean->setData(toQt(other.steps), toQt(other.mean), true);
  m_otherMask->setData(toQt(other.steps), toQt(other.mask), true);
  m_hasOther = !other.steps.empty();
  nameCurves();
  m_lseRect->axis(QCPAxis::atLeft)->setRange(0, lseTop > 0 ? lseTop : 1);
  if (!steps.isEmpty()) {
    const QRectF bounds(steps.front() - 0.5, 0, steps.back() - steps.front() + 1, 1);
    m_lseNavigator->setBounds(bounds);
    m_maskNavigator->setBounds(bounds);
  }
  m_plot->replot(QCustomPlot::rpQueuedReplot);
}

void DriftPlot::setStep(double step) {
  for (QCPItemStraightLine* line : {m_lseStep, m_maskStep}) {
    line->point1->setCoords(step, 0);
    line->point2->setCoords(step, 1);
  }
  m_plot->replot(QCustomPlot::rpQueuedReplot);
}

void DriftPlot::fit() {
  m_lseNavigator->fit();
}

void DriftPlot::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  if (event->type() == QEvent::PaletteChange || event->type() == QEvent::FontChange) applyColours();
}

void DriftPlot::applyColours() {
  const PlotColours colours = plotColours(palette());
  applyTheme(*m_plot, colours);
  QColor band = colours.accent;
  band.setAlpha(colours.dark ? 60 : 46);
  m_median->setPen(Qt::NoPen);
  m_p90->setPen(Qt::NoPen);
  m_p90->setBrush(band);
  m_layer->setPen(QPen(colours.faintText, 1.2, Qt::DashLine));
  m_mean->setPen(QPen(colours.accent, 2));
  m_mean->setScatterStyle(QCPScatterStyle(QCPScatterStyle::ssDisc, colours.accent, 5));
  m_mask->setPen(QPen(colours.second, 2));
  m_mask->setScatterStyle(QCPScatterStyle(QCPScatterStyle::ssSquare, colours.second, colours.second, 5));
  for (QCPItemStraightLine* line : {m_lseStep, m_maskStep}) line->setPen(QPen(colours.text, 1));
  m_otherMean->setPen(QPen(colours.accent, 2, Qt::DashLine));
  m_otherMask->setPen(QPen(colours.second, 2, Qt::DashLine));
  nameCurves();
  m_plot->replot(QCustomPlot::rpQueuedReplot);
}

void DriftPlot::nameCurves() {
  const PlotColours colours = plotColours(palette());
  std::vector<LineEntry> entries{{tr("mean"), LineSample::LinePoints, colours.accent},
                                 {tr("rows, p50 to p90"), LineSample::Band, colours.accent},
                                 {tr("layer mean"), LineSample::Dashed, colours.faintText},
                                 {tr("mask"), LineSample::LinePoints, colours.second}};
  if (m_hasOther) {
    entries.push_back({tr("mean of B"), LineSample::Dashed, colours.accent});
    entries.push_back({tr("mask of B"), LineSample::Dashed, colours.second});
  }
  m_legend->setEntries(std::move(entries));
}

}  // namespace ditscope::gui
