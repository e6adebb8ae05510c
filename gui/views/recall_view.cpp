// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/views/recall_view.h"

#include <algorithm>
#include <cmath>

#include "analyzer/format.h"
#include "gui/models/readout.h"
#include "gui/plots/xy_plot.h"
#include "gui/views/pane_parts.h"

namespace ditscope::gui {
namespace {

QString tick(double fraction) {
  return numberText(100 * fraction);
}

XySeries curveSeries(const QString& name, ColourRole colour, LineSample shape,
                     const std::vector<RecallPoint>& points) {
  XySeries series{.name = name, .shape = shape, .colour = colour, .x = {}, .y = {}};
  for (const RecallPoint& point : points) {
    series.x.push_back(point.density);
    series.y.push_back(point.recall);
  }
  return series;
}

std::vector<RecallPoint> pointsOf(const HeadCurve& head) {
  std::vector<RecallPoint> points;
  for (int i = 0; i < db::kCurvePoints; ++i) points.push_back({db::curveDensity(i), head.recall[size_t(i)]});
  return points;
}

// The tenth and the ninetieth of a hundred heads at each density.
XySeries bandSeries(const std::vector<HeadCurve>& heads) {
  XySeries band{.name = QObject::tr("heads, p10 to p90"),
                .shape = LineSample::Band,
                .colour = ColourRole::Faint,
                .x = {},
                .y = {}};
  for (int i = 0; i < db::kCurvePoints; ++i) {
    std::vector<double> at;
    for (const HeadCurve& head : heads) at.push_back(head.recall[size_t(i)]);
    band.x.push_back(db::curveDensity(i));
    band.y.push_back(analyzer::quantile(at, 0.1));
    band.top.push_back(analyzer::quantile(at, 0.9));
  }
  return band;
}

}  // namespace

RecallView::RecallView(Session* owner, QWidget* parent) : Pane(owner, tr("Recall over density"), parent) {
  QVBoxLayout* column = paneColumn(this);
  const PlotParts parts = addPlot(*column, this);
  m_heading = parts.heading;
  m_plot = parts.plot;
  m_readout = parts.readout;
  const XyAxis density{.title = tr("Density (% of blocks kept)"), .format = tick};
  const XyAxis recall{.title = tr("Recall (% of mass kept)"), .format = tick};
  m_plot->setAxes(density, recall);
  m_plot->setAccessibleName(tr("Recall over density"));
  connectPlot();
  connect(owner, &Session::traceChanged, this, &RecallView::reload);
  connect(owner, &Session::curvesChanged, this, &RecallView::reload);
  connect(owner, &Session::curvesProgressed, this,
          [this](int done) { showEmpty(tr("Reading the recall curves: %1 %").arg(done)); });
  connect(&owner->selection(), &Selection::pinnedChanged, this, [this](Selection::Parts changed) {
    if (changed & (Selection::Layer | Selection::Head | Selection::Run)) draw();
  });
}

void RecallView::connectPlot() {
  const auto cellOf = [this](XyPoint point) {
    Cell cell = pinned();
    cell.layer = m_heads[point.index].layer;
    cell.head = m_heads[point.index].head;
    return cell;
  };
  connect(m_plot, &XyPlot::pointHovered, this, [this, cellOf](XyPoint point) {
    selection().hover(cellOf(point));
    emit session().readout(describe(m_heads[point.index]));
  });
  connect(m_plot, &XyPlot::pointClicked, this,
          [this, cellOf](XyPoint point) { selection().pin(cellOf(point)); });
  connect(m_plot, &XyPlot::hovered, this, [this](QPointF at) {
    selection().hover(std::nullopt);
    emit session().readout(tr("density %1, recall %2").arg(percentText(at.x()), percentText(at.y())));
  });
  connect(m_plot, &XyPlot::pointerLeft, this, [this] {
    selection().hover(std::nullopt);
    emit session().readout({});
  });
  connect(m_plot, &XyPlot::handleMoved, this, &RecallView::setBudget);
  connect(m_plot, &XyPlot::moveAsked, this, [this](int by) { setBudget(m_budget + 0.01 * by); });
}

void RecallView::showEvent(QShowEvent* event) {
  Pane::showEvent(event);
  reload();
}

void RecallView::reload() {
  m_heads.clear();
  if (!isVisible() || !trace()) {
    showEmpty({});
    return;
  }
  const CurveTablePtr curves = session().curves();
  if (!curves) {
    showEmpty(session().readsCurves() ? tr("Reading the recall curves\u2026")
                                      : tr("The recall curves cannot be read."));
    return;
  }
  m_heads = headCurves(*trace(), *curves);
  if (m_heads.empty()) {
    showEmpty(tr("No recall curves were recorded. Record with --record mass."));
    return;
  }
  m_uniform = uniformFront(m_heads);
  m_perHead = perHeadFront(m_heads);
  draw();
}

void RecallView::showEmpty(const QString& why) {
  m_plot->setSeries({});
  m_plot->setHandle(std::nullopt, {});
  m_plot->setRing(std::nullopt);
  m_heading->setText(tr("Recall over density"));
  m_readout->setText(why);
}

const HeadCurve* RecallView::selected() const {
  const auto found = std::find_if(m_heads.begin(), m_heads.end(), [this](const HeadCurve& head) {
    return head.layer == pinned().layer && head.head == pinned().head;
  });
  return found == m_heads.end() ? nullptr : &*found;
}

void RecallView::draw() {
  if (m_heads.empty()) return;
  std::vector<XySeries> series{bandSeries(m_heads)};
  series.push_back(curveSeries(tr("all heads alike"), ColourRole::Text, LineSample::Dashed, m_uniform));
  series.push_back(curveSeries(tr("best for each head"), ColourRole::Second, LineSample::Dashed, m_perHead));
  if (const HeadCurve* head = selected())
    series.push_back(curveSeries(tr("layer %1, head %2").arg(head->layer).arg(head->head), ColourRole::Accent,
                                 LineSample::Line, pointsOf(*head)));
  XySeries run{.name = session().showsDifference() ? tr("run A, each head") : tr("the run, each head"),
               .shape = LineSample::Points,
               .colour = ColourRole::Third,
               .x = {},
               .y = {},
               .width = 2.5,
               .picked = true};
  for (const HeadCurve& head : m_heads) {
    run.x.push_back(head.density);
    run.y.push_back(head.recorded);
  }
  series.push_back(std::move(run));
  if (session().showsDifference()) {
    XySeries other = curveSeries(tr("run B, each head"), ColourRole::Fourth, LineSample::Rings,
                                 recordedHeads(*session().runB()));
    other.width = 2.5;
    series.push_back(std::move(other));
  }
  m_plot->setSeries(std::move(series));
  const HeadCurve* head = selected();
  m_plot->setRing(head && std::isfinite(head->recorded)
                      ? std::optional(QPointF(head->density, head->recorded))
                      : std::nullopt);
  m_heading->setText(tr("What a budget buys, mean over the sparse calls of %1 heads").arg(m_heads.size()));
  showBudget();
}

void RecallView::setBudget(double density) {
  m_budget = std::clamp(density, 0.0, 1.0);
  if (!m_heads.empty()) showBudget();
}

void RecallView::showBudget() {
  m_plot->setHandle(m_budget, tr("budget %1").arg(percentText(m_budget)));
  QString words =
      tr("At %1 of the blocks, at best: recall %2 with all heads alike, %3 with the best for each")
          .arg(percentText(m_budget), percentText(recallOf(m_uniform, m_budget)),
               percentText(recallOf(m_perHead, m_budget)));
  if (const HeadCurve* head = selected())
    words += tr("; layer %1, head %2: %3")
                 .arg(head->layer)
                 .arg(head->head)
                 .arg(percentText(recallAt(head->asFloats(), m_budget)));
  m_readout->setText(words + QChar('.'));
  m_plot->setAccessibleDescription(m_readout->text());
}

QString RecallView::describe(const HeadCurve& head) const {
  return tr("layer %1, head %2: the run kept %3 of the blocks and %4 of the mass; at best %5 at that density")
      .arg(head.layer)
      .arg(head.head)
      .arg(percentText(head.density), percentText(head.recorded),
           percentText(recallAt(head.asFloats(), head.density)));
}

void RecallView::fit() {
  m_plot->fit();
}

QString RecallView::copyText() const {
  const HeadCurve* head = selected();
  return head ? m_readout->text() + QChar('\n') + describe(*head) : m_readout->text();
}

TableData RecallView::table() const {
  TableData numbers{{tr("Layer"), tr("Head"), tr("Density of the run"), tr("Recall of the run"),
                     tr("Best recall at that density"), tr("Best recall at the budget")}};
  for (const HeadCurve& head : m_heads)
    numbers.rows.push_back({head.layer, head.head, numberOrNothing(head.density),
                            numberOrNothing(head.recorded),
                            numberOrNothing(recallAt(head.asFloats(), head.density)),
                            numberOrNothing(recallAt(head.asFloats(), m_budget))});
  return numbers;
}

}  // namespace ditscope::gui
