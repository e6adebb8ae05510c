// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/views/speedup_view.h"

#include <algorithm>
#include <cmath>

#include "analyzer/format.h"
#include "gui/models/readout.h"
#include "gui/plots/xy_plot.h"
#include "gui/views/pane_parts.h"

namespace ditscope::gui {
namespace {

QString times(double factor) {
  return std::isfinite(factor) ? numberText(factor) + QChar(0x00d7) : text(analyzer::kNoValue);
}

QString powerTick(double exponent) {
  return numberText(std::pow(10, exponent));
}

double middleOf(const std::vector<CallSpeed>& calls, double CallSpeed::*what) {
  std::vector<double> values;
  for (const CallSpeed& call : calls)
    if (std::isfinite(call.*what) && call.density < 0.999) values.push_back(call.*what);
  return analyzer::quantile(values, 0.5);
}

}  // namespace

SpeedupView::SpeedupView(Session* owner, QWidget* parent) : Pane(owner, tr("Speed-up"), parent) {
  QVBoxLayout* column = paneColumn(this);
  m_shape = new QComboBox(this);
  m_shape->addItems({tr("Speed-up over density"), tr("Roofline")});
  auto* row = new QHBoxLayout;
  addField(*row, tr("Sho&w"), m_shape);
  row->addStretch();
  column->addLayout(row);
  const PlotParts parts = addPlot(*column, this);
  m_heading = parts.heading;
  m_plot = parts.plot;
  m_readout = parts.readout;
  m_plot->setAccessibleName(tr("Speed of the attention calls"));
  connect(m_shape, &QComboBox::currentIndexChanged, this, &SpeedupView::draw);
  connect(owner, &Session::traceChanged, this, &SpeedupView::reload);
  connect(&owner->selection(), &Selection::pinnedChanged, this, &SpeedupView::showSelection);
  connect(m_plot, &XyPlot::pointHovered, this, [this](XyPoint at) {
    if (at.index < m_speeds.calls.size()) emit session().readout(describe(m_speeds.calls[at.index]));
  });
  connect(m_plot, &XyPlot::pointClicked, this, [this](XyPoint at) {
    if (at.index >= m_speeds.calls.size()) return;
    const db::AttnCall& call = trace()->facts.calls[m_speeds.calls[at.index].call];
    Cell cell = pinned();
    cell.step = call.step;
    cell.layer = call.layer;
    cell.branch = call.branch;
    selection().pin(cell);
  });
  connect(m_plot, &XyPlot::pointerLeft, this, [this] { emit session().readout({}); });
  connect(m_plot, &XyPlot::moveAsked, this, [this](int by) { selection().moveStep(by); });
  reload();
}

void SpeedupView::setRoofline(bool roofline) {
  m_shape->setCurrentIndex(roofline ? 1 : 0);
}

void SpeedupView::reload() {
  m_speeds = trace() ? callSpeeds(*trace()) : SpeedTable{};
  draw();
}

void SpeedupView::draw() {
  const bool roofline = m_shape->currentIndex() == 1;
  if (m_speeds.calls.empty() || (!roofline && !m_speeds.hasDense)) {
    m_plot->setSeries({});
    m_plot->setRing(std::nullopt);
    m_heading->setText(tr("Speed-up"));
    m_readout->setText(!trace() ? QString()
                       : m_speeds.calls.empty()
                           ? tr("No attention call was timed.")
                           : tr("The run has no dense call to compare with. Keep a dense step, for example "
                                "dense_steps=2, or look at the roofline."));
    return;
  }
  if (roofline)
    drawRoofline();
  else
    drawSpeedups();
  showSelection();
}

QPointF SpeedupView::place(const CallSpeed& speed) const {
  return m_shape->currentIndex() == 1 ? QPointF(std::log10(speed.intensity), std::log10(speed.flopPerSecond))
                                      : QPointF(speed.density, speed.speedup);
}

XySeries SpeedupView::points(const QString& name, const std::function<QPointF(const CallSpeed&)>& at) const {
  XySeries series{
      .name = name, .shape = LineSample::Points, .colour = ColourRole::Accent, .x = {}, .y = {}, .width = 2};
  for (const CallSpeed& call : m_speeds.calls) {
    const QPointF point = at(call);
    series.x.push_back(point.x());
    series.y.push_back(point.y());
  }
  return series;
}

void SpeedupView::drawSpeedups() {
  double least = 1, most = 1;
  for (const CallSpeed& call : m_speeds.calls) {
    least = std::min(least, call.density);
    if (std::isfinite(call.speedup)) most = std::max(most, call.speedup);
  }
  const double top = std::clamp(1.15 / std::max(least, 0.01), most * 1.05, std::max(most * 1.5, 2.0));
  XySeries ideal{.name = tr("ideal: 1 / density"),
                 .shape = LineSample::Dashed,
                 .colour = ColourRole::Text,
                 .x = {},
                 .y = {}};
  XySeries even{
      .shape = LineSample::Line, .colour = ColourRole::Frame, .x = {0, 1.02}, .y = {1, 1}, .width = 1};
  for (int i = 1; i <= 200; ++i) {
    const double density = i / 200.0;
    if (1 / density > top) continue;
    ideal.x.push_back(density);
    ideal.y.push_back(1 / density);
  }
  XySeries kernels = points(tr("attention kernels"), [this](const CallSpeed& call) { return place(call); });
  kernels.picked = true;
  XySeries search = points(tr("with mask search"), [](const CallSpeed& call) {
    return QPointF(call.density, call.withSearch < call.speedup * 0.995 ? call.withSearch : analyzer::kNaN);
  });
  search.shape = LineSample::Rings;
  search.colour = ColourRole::Second;
  m_plot->setAxes({.title = tr("Density (% of blocks computed)"),
                   .lo = 0,
                   .hi = 1.02,
                   .format = [](double share) { return numberText(100 * share); }},
                  {.title = tr("Times as fast as dense"), .lo = 0, .hi = top});
  m_plot->setSeries({std::move(even), std::move(ideal), std::move(search), std::move(kernels)});
  m_heading->setText(tr("Sparse calls: median %1 in the kernel, %2 with mask search")
                         .arg(times(middleOf(m_speeds.calls, &CallSpeed::speedup)),
                              times(middleOf(m_speeds.calls, &CallSpeed::withSearch))));
}

void SpeedupView::drawRoofline() {
  constexpr double kMargin = 0.15;  // decades
  double loX = 1e9, hiX = -1e9, loY = 1e9, hiY = -1e9;
  for (const CallSpeed& call : m_speeds.calls) {
    const QPointF at = place(call);
    if (!std::isfinite(at.x()) || !std::isfinite(at.y())) continue;
    loX = std::min(loX, at.x());
    hiX = std::max(hiX, at.x());
    loY = std::min(loY, at.y());
    hiY = std::max(hiY, at.y());
  }
  if (loX > hiX) return m_plot->setSeries({});
  const double roof = std::log10(m_speeds.bestFlopPerSecond);
  XySeries calls = points(tr("attention calls"), [this](const CallSpeed& call) { return place(call); });
  calls.picked = true;
  XySeries best{.name = tr("fastest call of this run"),
                .shape = LineSample::Dashed,
                .colour = ColourRole::Text,
                .x = {loX - kMargin, hiX + kMargin},
                .y = {roof, roof}};
  m_plot->setAxes(
      {.title = tr("FLOP per byte of Q, K, V, O (log)"),
       .lo = loX - kMargin,
       .hi = hiX + kMargin,
       .format = powerTick},
      {.title = tr("GFLOP/s (log)"), .lo = loY - kMargin, .hi = hiY + kMargin, .format = [](double e) {
         return powerTick(e - 9);
       }});
  m_plot->setSeries({std::move(best), std::move(calls)});
  m_heading->setText(
      tr("Fastest call %1 GFLOP/s; the line is what this run reached, not what the machine could")
          .arg(numberText(m_speeds.bestFlopPerSecond * 1e-9)));
}

const CallSpeed* SpeedupView::selected() const {
  const db::AttnCall* call =
      trace() ? trace()->call(pinned().step, pinned().layer, pinned().branch) : nullptr;
  const auto found = std::find_if(m_speeds.calls.begin(), m_speeds.calls.end(), [&](const CallSpeed& each) {
    return call == &trace()->facts.calls[each.call];
  });
  return call && found != m_speeds.calls.end() ? &*found : nullptr;
}

void SpeedupView::showSelection() {
  if (m_plot->series().empty()) return;
  const CallSpeed* call = selected();
  const QPointF at = call ? place(*call) : QPointF();
  m_plot->setRing(call && std::isfinite(at.x()) && std::isfinite(at.y()) ? std::optional(at) : std::nullopt);
  m_readout->setText(call ? capitalised(describe(*call)) : tr("The selected call was not timed."));
  m_plot->setAccessibleDescription(m_readout->text());
}

QString SpeedupView::describe(const CallSpeed& speed) const {
  const db::AttnCall& call = trace()->facts.calls[speed.call];
  return tr("step %1, layer %2, %3 (%4): %5 of the blocks, %6 as fast as dense (ideal %7), %8 with its mask "
            "search; "
            "%9 GFLOP/s")
      .arg(call.step)
      .arg(call.layer)
      .arg(branchName(call.branch), text(call.plan), text(analyzer::formatPercent(speed.density)),
           times(speed.speedup), times(1 / speed.density), times(speed.withSearch),
           numberText(speed.flopPerSecond * 1e-9));
}

void SpeedupView::fit() {
  m_plot->fit();
}

QString SpeedupView::copyText() const {
  return m_heading->text() + QChar('\n') + m_readout->text();
}

TableData SpeedupView::table() const {
  TableData numbers{{tr("Step"), tr("Layer"), tr("Branch"), tr("Plan"), tr("Density"), tr("Speed-up"),
                     tr("With mask search"), tr("FLOP per byte"), tr("GFLOP/s")}};
  for (const CallSpeed& speed : m_speeds.calls) {
    const db::AttnCall& call = trace()->facts.calls[speed.call];
    numbers.rows.push_back({call.step, call.layer, branchName(call.branch), text(call.plan), speed.density,
                            numberOrNothing(speed.speedup), numberOrNothing(speed.withSearch),
                            numberOrNothing(speed.intensity), speed.flopPerSecond * 1e-9});
  }
  return numbers;
}

}  // namespace ditscope::gui
