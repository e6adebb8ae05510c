// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/plots/xy_plot.h"

#include <qcustomplot.h>

#include <QAction>
#include <QVBoxLayout>
#include <cmath>

#include "gui/plots/navigator.h"

namespace ditscope::gui {
namespace {

constexpr double kReach = 14;       // pixels around a point in which the pointer finds it
constexpr double kHandleReach = 6;  // likewise for the line that can be dragged

QVector<double> toQt(const std::vector<double>& values) {
  return {values.begin(), values.end()};
}

class FormatTicker : public QCPAxisTicker {
 public:
  explicit FormatTicker(XyAxis axis) : m_axis(std::move(axis)) {}

 protected:
  double getTickStep(const QCPRange& range) override {
    const double step = QCPAxisTicker::getTickStep(range);
    return m_axis.whole ? std::max(1.0, std::round(step)) : step;
  }
  int getSubTickCount(double) override { return 0; }
  QString getTickLabel(double tick, const QLocale& locale, QChar format, int precision) override {
    return m_axis.format ? m_axis.format(tick) : QCPAxisTicker::getTickLabel(tick, locale, format, precision);
  }

 private:
  XyAxis m_axis;
};

bool isBar(const XySeries& series) {
  return series.shape == LineSample::Bar;
}

}  // namespace

XyPlot::XyPlot(QWidget* parent)
    : QWidget(parent), m_legend(new LineLegend(this)), m_plot(new QCustomPlot(this)) {
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins({});
  layout->setSpacing(2);
  layout->addWidget(m_legend);
  layout->addWidget(m_plot, 1);
  m_plot->setFocusPolicy(Qt::StrongFocus);
  setFocusProxy(m_plot);
  setMinimumSize(160, 120);
  m_plot->axisRect()->setMinimumMargins(QMargins(4, 8, 18, 4));
  for (QCPAxis* axis : {m_plot->xAxis, m_plot->yAxis}) {
    axis->setNumberFormat(QStringLiteral("gb"));
    axis->setNumberPrecision(3);
  }
  connect(m_plot->xAxis, qOverload<const QCPRange&>(&QCPAxis::rangeChanged), m_plot->xAxis2,
          qOverload<const QCPRange&>(&QCPAxis::setRange));
  m_navigator = new Navigator(m_plot, m_plot->axisRect(), Navigator::Directions::Both);
  m_plot->installEventFilter(this);  // after the navigator's: it is asked before it
  connect(m_navigator, &Navigator::hovered, this, [this](QPointF at) {
    if (const auto point = pick(at))
      emit pointHovered(*point);
    else
      emit hovered(at);
  });
  connect(m_navigator, &Navigator::clicked, this, [this](QPointF at) {
    if (const auto point = pick(at))
      emit pointClicked(*point);
    else
      emit clicked(at);
  });
  connect(m_navigator, &Navigator::left, this, &XyPlot::pointerLeft);
  addMoveActions();
  rebuild();
}

void XyPlot::addMoveActions() {
  for (const auto& [key, by] : {std::pair{Qt::Key_Left, -1}, {Qt::Key_Right, 1}}) {
    auto* action = new QAction(by < 0 ? tr("Before") : tr("After"), this);
    action->setShortcut(key);
    action->setShortcutContext(Qt::WidgetWithChildrenShortcut);
    connect(action, &QAction::triggered, this, [this, step = by] { emit moveAsked(step); });
    addAction(action);
  }
}

void XyPlot::setAxes(const XyAxis& x, const XyAxis& y) {
  m_x = x;
  m_y = y;
  m_plot->xAxis->setLabel(x.title);
  fitTitle();
  m_plot->xAxis->setTicker(QSharedPointer<QCPAxisTicker>(new FormatTicker(x)));
  m_plot->yAxis->setTicker(QSharedPointer<QCPAxisTicker>(new FormatTicker(y)));
  m_navigator->setSmallestView(QSizeF((x.hi - x.lo) / 1000, (y.hi - y.lo) / 1000));
  m_navigator->setBounds(QRectF(x.lo, y.lo, x.hi - x.lo, y.hi - y.lo));
}

void XyPlot::setSeries(std::vector<XySeries> series) {
  m_series = std::move(series);
  rebuild();
}

void XyPlot::rebuild() {
  m_plot->clearPlottables();
  m_plot->clearItems();
  const PlotColours colours = plotColours(palette());
  applyTheme(*m_plot, colours);
  std::vector<LineEntry> entries;
  QCPBars* below = nullptr;
  for (const XySeries& series : m_series) {
    const QColor colour = colours.of(series.colour);
    if (!series.name.isEmpty()) entries.push_back({series.name, series.shape, colour});
    if (series.shape == LineSample::Band) {
      addBand(series);
    } else if (isBar(series)) {
      auto* bars = new QCPBars(m_plot->xAxis, m_plot->yAxis);
      bars->setData(toQt(series.x), toQt(series.y));
      bars->setWidth(series.barWidth);
      bars->setPen(Qt::NoPen);
      bars->setBrush(colour);
      if (below) bars->moveAbove(below);
      below = bars;
    } else {
      addGraph(series);
      if (!series.low.empty()) addInterval(series, colour);
    }
  }
  m_legend->setEntries(std::move(entries));
  m_ring = m_plot->addGraph();
  m_ring->setLineStyle(QCPGraph::lsNone);
  m_ring->setScatterStyle(QCPScatterStyle(QCPScatterStyle::ssCircle, QPen(colours.text, 2), Qt::NoBrush, 13));
  for (QCPItemStraightLine** line : {&m_mark, &m_handle}) {
    *line = new QCPItemStraightLine(m_plot);
    (*line)->setSelectable(false);
  }
  m_mark->setPen(QPen(colours.text, 1));
  m_handle->setPen(QPen(colours.of(ColourRole::Bad), 2, Qt::DashLine));
  placeLines();
}

void XyPlot::addGraph(const XySeries& series) {
  QCPGraph* graph = m_plot->addGraph();
  const QColor colour = plotColours(palette()).of(series.colour);
  const bool lines = series.shape == LineSample::Line || series.shape == LineSample::Dashed ||
                     series.shape == LineSample::LinePoints;
  graph->setData(toQt(series.x), toQt(series.y), lines);
  graph->setLineStyle(lines ? QCPGraph::lsLine : QCPGraph::lsNone);
  graph->setPen(
      QPen(colour, series.width, series.shape == LineSample::Dashed ? Qt::DashLine : Qt::SolidLine));
  const double size = lines ? 5 : 2 * series.width;
  if (series.shape == LineSample::Rings)
    graph->setScatterStyle(QCPScatterStyle(QCPScatterStyle::ssCircle, QPen(colour, 1.5), Qt::NoBrush, size));
  else if (series.shape == LineSample::Points || series.shape == LineSample::LinePoints)
    graph->setScatterStyle(QCPScatterStyle(QCPScatterStyle::ssDisc, colour, size));
}

void XyPlot::addBand(const XySeries& series) {
  QCPGraph* low = m_plot->addGraph();
  QCPGraph* high = m_plot->addGraph();
  low->setData(toQt(series.x), toQt(series.y), true);
  high->setData(toQt(series.x), toQt(series.top), true);
  QColor fill = plotColours(palette()).of(series.colour);
  fill.setAlpha(46);
  low->setPen(Qt::NoPen);
  high->setPen(Qt::NoPen);
  high->setBrush(fill);
  high->setChannelFillGraph(low);
}

void XyPlot::addInterval(const XySeries& series, const QColor& colour) {
  auto* bars = new QCPErrorBars(m_plot->xAxis, m_plot->yAxis);
  bars->setDataPlottable(m_plot->graph(m_plot->graphCount() - 1));
  QVector<double> minus, plus;
  for (size_t i = 0; i < series.y.size(); ++i) {
    minus << series.y[i] - series.low[i];
    plus << series.top[i] - series.y[i];
  }
  bars->setData(minus, plus);
  bars->setPen(QPen(colour, 1));
}

void XyPlot::placeLines() {
  const auto place = [](QCPItemStraightLine* line, std::optional<double> x) {
    line->setVisible(x.has_value());
    line->point1->setCoords(x.value_or(0), 0);
    line->point2->setCoords(x.value_or(0), 1);
  };
  place(m_mark, m_markAt);
  place(m_handle, m_handleAt);
  m_plot->xAxis2->setVisible(m_handleAt && !m_handleLabel.isEmpty());
  if (m_handleAt) {  // its words stand above the plot, at the line
    QSharedPointer<QCPAxisTickerText> words(new QCPAxisTickerText);
    words->addTick(*m_handleAt, m_handleLabel);
    m_plot->xAxis2->setTicker(words);
    m_plot->xAxis2->setRange(m_plot->xAxis->range());
    m_plot->xAxis2->setTickLabelColor(plotColours(palette()).of(ColourRole::Bad));
    m_plot->xAxis2->setBasePen(Qt::NoPen);
    m_plot->xAxis2->setTickPen(Qt::NoPen);
    m_plot->xAxis2->setSubTickPen(Qt::NoPen);
  }
  m_ring->data()->clear();
  if (m_ringAt) m_ring->addData(m_ringAt->x(), m_ringAt->y());
  m_plot->replot(QCustomPlot::rpQueuedReplot);
}

void XyPlot::setMark(std::optional<double> x) {
  m_markAt = x;
  placeLines();
}
void XyPlot::setHandle(std::optional<double> x, QString label) {
  m_handleAt = x;
  m_handleLabel = std::move(label);
  placeLines();
}
void XyPlot::setRing(std::optional<QPointF> at) {
  m_ringAt = at;
  placeLines();
}
void XyPlot::fit() {
  m_navigator->fit();
}

std::optional<XyPoint> XyPlot::pick(QPointF at) const {
  const auto pixel = [this](double x, double y) {
    return QPointF(m_plot->xAxis->coordToPixel(x), m_plot->yAxis->coordToPixel(y));
  };
  const QPointF pointer = pixel(at.x(), at.y());
  std::optional<XyPoint> nearest;
  double best = kReach * kReach;
  for (size_t s = 0; s < m_series.size(); ++s) {
    if (!m_series[s].picked) continue;
    for (size_t i = 0; i < m_series[s].x.size(); ++i) {
      const QPointF away = pixel(m_series[s].x[i], m_series[s].y[i]) - pointer;
      const double distance = QPointF::dotProduct(away, away);
      if (!(distance < best)) continue;  // also false for a point that is not measured
      best = distance;
      nearest = XyPoint{s, i};
    }
  }
  return nearest;
}

bool XyPlot::nearHandle(QPointF pixel) const {
  return m_handleAt && m_plot->axisRect()->rect().contains(pixel.toPoint()) &&
         std::abs(m_plot->xAxis->coordToPixel(*m_handleAt) - pixel.x()) <= kHandleReach;
}

// A title that is longer than its axis would be cut off; the heading of the pane names the quantity, too.
void XyPlot::fitTitle() {
  const int room =
      m_plot->height() - m_plot->axisRect()->minimumMargins().top() - m_plot->fontMetrics().height() * 3;
  const bool fits = QFontMetrics(m_plot->yAxis->labelFont()).horizontalAdvance(m_y.title) <= room;
  m_plot->yAxis->setLabel(fits ? m_y.title : QString());
}

bool XyPlot::eventFilter(QObject* watched, QEvent* event) {
  if (event->type() == QEvent::Resize) fitTitle();
  if (!m_handleAt || (event->type() != QEvent::MouseButtonPress && event->type() != QEvent::MouseMove &&
                      event->type() != QEvent::MouseButtonRelease))
    return QWidget::eventFilter(watched, event);
  const auto& mouse = static_cast<const QMouseEvent&>(*event);
  if (event->type() == QEvent::MouseButtonPress)
    m_dragging = mouse.button() == Qt::LeftButton && nearHandle(mouse.position());
  if (!m_dragging) {
    m_plot->setCursor(nearHandle(mouse.position()) ? Qt::SizeHorCursor : Qt::ArrowCursor);
    return QWidget::eventFilter(watched, event);
  }
  if (event->type() == QEvent::MouseMove)
    emit handleMoved(std::clamp(m_plot->xAxis->pixelToCoord(mouse.position().x()), m_x.lo, m_x.hi));
  if (event->type() == QEvent::MouseButtonRelease) m_dragging = false;
  return true;
}

void XyPlot::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  if (event->type() == QEvent::PaletteChange || event->type() == QEvent::FontChange) rebuild();
}

}  // namespace ditscope::gui
