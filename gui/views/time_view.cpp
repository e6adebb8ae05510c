// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/views/time_view.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "analyzer/format.h"
#include "gui/models/readout.h"
#include "gui/plots/xy_plot.h"
#include "gui/views/pane_parts.h"

namespace ditscope::gui {
namespace {

QString ms(double value, bool isSigned) {
  const QString number = numberText(value) + QStringLiteral(" ms");
  return isSigned && value > 0 ? QChar('+') + number : number;
}

double sum(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0,
                         [](double all, double value) { return std::isfinite(value) ? all + value : all; });
}

double lowest(const StepTimes& times) {  // of a difference: bars may hang down
  double low = 0;
  for (const auto* part : {&times.attention, &times.search, &times.rest, &times.record})
    for (const double value : *part)
      if (std::isfinite(value)) low = std::min(low, value);
  return low;
}

}  // namespace

TimeView::TimeView(Session* owner, QWidget* parent) : Pane(owner, tr("Time of the steps"), parent) {
  QVBoxLayout* column = paneColumn(this);
  const PlotParts parts = addPlot(*column, this);
  m_heading = parts.heading;
  m_plot = parts.plot;
  m_readout = parts.readout;
  m_plot->setAccessibleName(tr("Time of each step in its parts"));
  connect(owner, &Session::traceChanged, this, &TimeView::reload);
  connect(&owner->selection(), &Selection::pinnedChanged, this, [this](Selection::Parts changed) {
    if (changed & Selection::Step) showStep();
  });
  const auto stepAt = [](QPointF at) { return int(std::lround(at.x())); };
  connect(m_plot, &XyPlot::clicked, this, [this, stepAt](QPointF at) { selection().setStep(stepAt(at)); });
  connect(m_plot, &XyPlot::hovered, this,
          [this, stepAt](QPointF at) { emit session().readout(describe(stepAt(at))); });
  connect(m_plot, &XyPlot::pointerLeft, this, [this] { emit session().readout({}); });
  connect(m_plot, &XyPlot::moveAsked, this, [this](int by) { selection().moveStep(by); });
  reload();
}

void TimeView::reload() {
  m_times = {};
  if (trace())
    m_times = session().showsDifference() ? difference(stepTimes(*trace()), stepTimes(*session().runB()))
                                          : stepTimes(*trace());
  if (m_times.steps.empty()) {
    m_plot->setSeries({});
    m_heading->setText(tr("Time of the steps"));
    m_readout->setText(trace() ? tr("No step of the runs has times to show.") : QString());
    return;
  }
  constexpr double kHeadroom = 1.05;
  const double low = lowest(m_times) * kHeadroom;
  m_plot->setAxes({.title = tr("Step"),
                   .lo = m_times.steps.front() - 0.6,
                   .hi = m_times.steps.back() + 0.6,
                   .whole = true},
                  {.title = session().showsDifference() ? tr("B \u2212 A (ms)") : tr("Time (ms)"),
                   .lo = low,
                   .hi = std::max(m_times.top() * kHeadroom, low + 1e-3)});
  const auto bars = [&](const QString& name, ColourRole colour, const std::vector<double>& values) {
    XySeries series{.name = name, .shape = LineSample::Bar, .colour = colour, .x = m_times.steps, .y = {}};
    for (const double value : values) series.y.push_back(std::isfinite(value) ? value : 0);
    return series;
  };
  m_plot->setSeries({bars(tr("attention kernels"), ColourRole::Accent, m_times.attention),
                     bars(tr("mask search"), ColourRole::Second, m_times.search),
                     bars(tr("rest of the model"), ColourRole::Frame, m_times.rest),
                     bars(tr("recording, on top"), ColourRole::Fourth, m_times.record)});
  m_heading->setText(totals());
  showStep();
}

QString TimeView::totals() const {
  const double attention = sum(m_times.attention), search = sum(m_times.search);
  if (session().showsDifference())
    return tr("B \u2212 A: attention %1, mask search %2").arg(ms(attention, true), ms(search, true));
  const double all = attention + search + sum(m_times.rest);
  const auto part = [all](double value) {
    return text(analyzer::formatPercent(value / std::max(all, 1e-12)));
  };
  return tr("Sampling %1: attention %2, mask search %3")
      .arg(text(analyzer::formatDuration(all * 1e6)), part(attention), part(search));
}

void TimeView::showStep() {
  if (!trace()) return;
  m_plot->setMark(pinned().step);
  m_readout->setText(capitalised(describe(pinned().step)));
  m_plot->setAccessibleDescription(m_readout->text());
}

QString TimeView::describe(int step) const {
  const auto found = std::find(m_times.steps.begin(), m_times.steps.end(), double(step));
  if (found == m_times.steps.end() || !trace()) return tr("step %1 was not recorded").arg(step);
  const auto at = size_t(found - m_times.steps.begin());
  const bool isSigned = session().showsDifference();
  return tr("%1: attention %2, mask search %3, rest %4; recording took %5 on top")
      .arg(stepText(*trace(), step), ms(m_times.attention[at], isSigned), ms(m_times.search[at], isSigned),
           ms(m_times.rest[at], isSigned), ms(m_times.record[at], isSigned));
}

void TimeView::fit() {
  m_plot->fit();
}

QString TimeView::copyText() const {
  return m_heading->text() + QChar('\n') + m_readout->text();
}

TableData TimeView::table() const {
  TableData numbers{
      {tr("Step"), tr("Attention (ms)"), tr("Mask search (ms)"), tr("Rest (ms)"), tr("Recording (ms)")}};
  for (size_t i = 0; i < m_times.steps.size(); ++i)
    numbers.rows.push_back({int(m_times.steps[i]), numberOrNothing(m_times.attention[i]),
                            numberOrNothing(m_times.search[i]), numberOrNothing(m_times.rest[i]),
                            numberOrNothing(m_times.record[i])});
  return numbers;
}

}  // namespace ditscope::gui
