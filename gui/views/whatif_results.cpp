// SPDX-License-Identifier: GPL-3.0-or-later
// What the what-if pane computes and shows.
#include <QLabel>
#include <QTableView>
#include <cmath>

#include "analyzer/format.h"
#include "gui/models/readout.h"
#include "gui/plots/xy_plot.h"
#include "gui/views/whatif_view.h"

namespace ditscope::gui {
namespace {

QString about(double fraction) {  // of a prediction
  return std::isfinite(fraction) ? QStringLiteral("~") + percentText(fraction) : text(analyzer::kNoValue);
}

QString duration(double ns) {
  return std::isfinite(ns) ? text(analyzer::formatDuration(ns)) : text(analyzer::kNoValue);
}

QVariantList predictedRow(const QString& name, const WhatIfOutcome& o) {
  const bool timed = std::isfinite(o.ns);
  return {name,
          about(o.density),
          about(o.recall),
          std::isfinite(o.lowestRecall) ? QObject::tr("~%1 (%2.%3)")
                                              .arg(percentText(o.lowestRecall))
                                              .arg(o.lowestHead.first)
                                              .arg(o.lowestHead.second)
                                        : text(analyzer::kNoValue),
          about(o.error),
          timed ? QStringLiteral("~") + duration(o.ns) : text(analyzer::kNoValue),
          timed ? QStringLiteral("%1 \u2013 %2").arg(duration(o.loNs), duration(o.hiNs)) : QString(),
          std::isfinite(o.speedup()) ? QStringLiteral("~%1\u00d7").arg(numberText(o.speedup())) : QString(),
          about(o.uniformRecall)};
}

}  // namespace

void WhatIfView::reload() {
  if (!isVisible() || !trace()) {
    m_curves = nullptr;
    m_plot->setSeries({});
    m_model->setData({});
    m_heading->setText(tr("What if"));
    m_readout->clear();
    return;
  }
  m_curves = session().curves();
  if (!m_curves || !m_curves->any()) {
    m_plot->setSeries({});
    m_readout->setText(session().readsCurves() ? tr("Reading the recall curves\u2026")
                       : m_curves
                           ? tr("No recall curves were recorded, so that nothing can be predicted. Record "
                                "with --record mass.")
                           : tr("The recall curves cannot be read."));
    m_curves = nullptr;
    return;
  }
  m_recorded = recordedOutcome(*trace());
  m_uniform = uniformFront(headCurves(*trace(), *m_curves));
  showControls();
  readMore();
  recompute();
}

void WhatIfView::readMore() {
  if (!trace() || !isVisible()) return;
  const auto failed = [this](const QString& message) { emit session().problem(message); };
  if (!m_prices && !m_pricesTried) {
    m_pricesTried = true;
    m_priceTask.start([trace = trace()](const auto& progress) { return readPrices(*trace, progress); },
                      {.ready =
                           [this](std::shared_ptr<const analyzer::Prices> prices) {
                             m_prices = std::move(prices);
                             recompute();
                           },
                       .failed = failed});
  }
  bool wantsWindows = m_plan.all.rule == WhatIfRule::Window;
  for (const auto& [head, setting] : m_plan.heads) wantsWindows |= setting.rule == WhatIfRule::Window;
  if (wantsWindows && !m_windows && !m_windowsTried) {
    m_windowsTried = true;
    m_windowTask.start(
        [trace = trace()](const auto& progress) { return readWindows(*trace, progress); },
        {.ready =
             [this](WindowTablePtr windows) {
               m_windows = std::move(windows);
               recompute();
             },
         .failed = failed,
         .progressed =
             [this](int done) { m_readout->setText(tr("Reading the block masses: %1 %").arg(done)); }});
  }
}

void WhatIfView::recompute() {
  if (!m_curves || !trace()) return;
  m_outcome = evaluate({trace().get(), m_curves.get(), m_windows.get(), m_prices.get()}, m_plan);
  m_heading->setText(tr("What if: %1").arg(planText(m_plan)));
  m_readout->setText(verdict());
  m_plot->setAccessibleDescription(m_readout->text());
  fillTable();
  draw();
}

QString WhatIfView::verdict() const {
  if (!std::isfinite(m_outcome.density))
    return m_windowTask.busy()
               ? tr("Reading the block masses\u2026")
               : tr("Nothing that this setting needs was recorded. Windows need --record mass.");
  QString words =
      tr("Predicted: %1 of the blocks, recall %2, error at most about %3, attention %4 (%5 to %6), %7 "
         "as fast as dense.")
          .arg(about(m_outcome.density), about(m_outcome.recall), percentText(m_outcome.error),
               QStringLiteral("~") + duration(m_outcome.ns), duration(m_outcome.loNs),
               duration(m_outcome.hiNs),
               std::isfinite(m_outcome.speedup())
                   ? QStringLiteral("~%1\u00d7").arg(numberText(m_outcome.speedup()))
                   : text(analyzer::kNoValue));
  if (m_outcome.extrapolated)
    words += !m_prices || !m_prices->latency
                 ? tr(" Times are the dense time \u00d7 density: too few launches were measured for a model.")
                 : tr(" Part of it lies outside the measured range.");
  if (m_outcome.withoutCurve > 0)
    words +=
        tr(" %1 heads without masses are left out.").arg(text(analyzer::formatCount(m_outcome.withoutCurve)));
  return words + tr(" Without mask search.");
}

void WhatIfView::fillTable() {
  TableData numbers{{tr("Setting"), tr("Blocks kept"), tr("Recall"), tr("Lowest head"), tr("Error"),
                     tr("Attention"), tr("Interval"), tr("Speed-up"), tr("Uniform recall")}};
  const WhatIfOutcome& run = m_recorded;
  numbers.rows.push_back(
      {tr("the run (measured)"), percentText(run.density), percentText(run.recall),
       std::isfinite(run.lowestRecall) ? QStringLiteral("%1 (%2.%3)")
                                             .arg(percentText(run.lowestRecall))
                                             .arg(run.lowestHead.first)
                                             .arg(run.lowestHead.second)
                                       : text(analyzer::kNoValue),
       percentText(run.error), duration(run.ns), QString(),
       run.ns > 0 && std::isfinite(m_outcome.denseNs)
           ? QStringLiteral("%1\u00d7 of ~dense").arg(numberText(m_outcome.denseNs / run.ns))
           : QString(),
       QString()});
  numbers.rows.push_back(predictedRow(planText(m_plan), m_outcome));
  for (size_t i = 0; i < m_pinned.size(); ++i)
    numbers.rows.push_back(
        predictedRow(tr("%1: %2").arg(i + 1).arg(planText(m_pinned[i].plan)), m_pinned[i].outcome));
  m_model->setData(std::move(numbers));
  m_list->resizeColumnsToContents();
}

void WhatIfView::draw() {
  const auto point = [](const QString& name, LineSample shape, ColourRole colour, const WhatIfOutcome& o) {
    return XySeries{
        .name = name, .shape = shape, .colour = colour, .x = {o.density}, .y = {o.recall}, .width = 4};
  };
  XySeries uniform{.name = tr("all heads alike, best blocks"),
                   .shape = LineSample::Dashed,
                   .colour = ColourRole::Text,
                   .x = {},
                   .y = {}};
  for (const RecallPoint& at : m_uniform) {
    uniform.x.push_back(at.density);
    uniform.y.push_back(at.recall);
  }
  std::vector<XySeries> series{std::move(uniform)};
  XySeries pinned{.name = tr("pinned, predicted"),
                  .shape = LineSample::Rings,
                  .colour = ColourRole::Third,
                  .x = {},
                  .y = {},
                  .width = 4};
  for (const Variant& variant : m_pinned) {
    pinned.x.push_back(variant.outcome.density);
    pinned.y.push_back(variant.outcome.recall);
  }
  if (!pinned.x.empty()) series.push_back(std::move(pinned));
  series.push_back(point(tr("the run, measured"), LineSample::Points, ColourRole::Second, m_recorded));
  series.push_back(point(tr("this setting, predicted"), LineSample::Rings, ColourRole::Accent, m_outcome));
  const auto tick = [](double share) { return numberText(100 * share); };
  m_plot->setAxes({.title = tr("Density (% of blocks kept)"), .format = tick},
                  {.title = tr("Recall (% of mass kept)"), .format = tick});
  m_plot->setSeries(std::move(series));
  m_plot->setRing(std::isfinite(m_outcome.density)
                      ? std::optional(QPointF(m_outcome.density, m_outcome.recall))
                      : std::nullopt);
}

}  // namespace ditscope::gui
