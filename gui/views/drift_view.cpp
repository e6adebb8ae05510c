// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/views/drift_view.h"

#include <QVBoxLayout>
#include <algorithm>
#include <cmath>

#include "gui/models/readout.h"
#include "gui/plots/drift_plot.h"
#include "gui/views/pane_parts.h"

namespace ditscope::gui {

DriftView::DriftView(Session* owner, QWidget* parent) : Pane(owner, tr("Drift over steps"), parent) {
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(8, 6, 8, 4);
  column->setSpacing(4);
  m_heading = headingLabel(this);
  m_plot = new DriftPlot(this);
  setFocusProxy(m_plot);
  m_readout = readoutLabel(this);
  m_readout->setMinimumHeight(0);
  column->addWidget(m_heading);
  column->addWidget(m_plot, 1);
  column->addWidget(m_readout);

  connect(owner, &Session::traceChanged, this, &DriftView::reload);
  connect(&owner->selection(), &Selection::pinnedChanged, this, [this](Selection::Parts changed) {
    if (changed & (Selection::Layer | Selection::Head | Selection::Branch | Selection::Run))
      reload();
    else if (changed & Selection::Step)
      showStep();
  });
  connect(m_plot, &DriftPlot::stepClicked, this, [this](double at) { selection().setStep(nearestStep(at)); });
  connect(m_plot, &DriftPlot::stepHovered, this,
          [this](double at) { emit session().readout(describe(nearestStep(at))); });
  connect(m_plot, &DriftPlot::pointerLeft, this, [this] { emit session().readout({}); });
  connect(m_plot, &DriftPlot::moveAsked, this, [this](int by) { selection().moveStep(by); });
  reload();
}

void DriftView::reload() {
  m_series = trace() ? driftSeries(*trace(), pinned()) : DriftSeries{};
  m_other = session().showsDifference() ? driftSeries(*session().runB(), pinned()) : DriftSeries{};
  constexpr double kHeadroom = 1.06;  // above the highest point
  double top = 0;
  for (const auto* curve : {&m_series.mean, &m_series.p90, &m_series.layerMean, &m_other.mean})
    for (const double value : *curve)
      if (std::isfinite(value)) top = std::max(top, value);
  m_plot->setSeries(m_series, m_other, top * kHeadroom);
  showStep();
}

void DriftView::showStep() {
  if (!trace()) {
    m_heading->clear();
    m_readout->clear();
    return;
  }
  const QString runs = session().showsDifference() ? tr(", A and B") : QString();
  m_heading->setText(capitalised(headText(*trace(), pinned())) + runs);
  m_plot->setStep(pinned().step);
  m_readout->setText(m_series.hasLse() || m_series.hasMask() ? capitalised(describe(pinned().step))
                                                             : tr("No drift was recorded for this head."));
  m_plot->setAccessibleName(tr("LSE and mask drift over the steps"));
  m_plot->setAccessibleDescription(m_readout->text());
}

int DriftView::nearestStep(double position) const {
  return int(std::lround(position));
}

QString DriftView::describe(int step) const {
  if (!trace()) return {};
  using analyzer::Quantity;
  Cell cell = pinned();
  cell.step = step;
  const auto value = [&](Quantity quantity) {
    return text(analyzer::formatQuantity(quantity, trace()->value(cell, quantity)));
  };
  if (session().showsDifference()) {
    const auto both = [&](Quantity quantity) {
      return tr("%1 in A, %2 in B")
          .arg(value(quantity),
               text(analyzer::formatQuantity(quantity, session().runB()->value(cell, quantity))));
    };
    return tr("%1: LSE drift %2; mask drift %3")
        .arg(stepText(*trace(), step), both(Quantity::LseDrift), both(Quantity::MaskDrift));
  }
  return tr("%1: LSE drift %2 (p50 %3, p90 %4), mask drift %5")
      .arg(stepText(*trace(), step), value(Quantity::LseDrift), value(Quantity::LseDriftP50),
           value(Quantity::LseDriftP90), value(Quantity::MaskDrift));
}

void DriftView::fit() {
  m_plot->fit();
}
QString DriftView::copyText() const {
  return m_heading->text() + QStringLiteral(", ") + m_readout->text();
}

TableData DriftView::table() const {
  TableData numbers{{tr("Step"), tr("LSE drift (nats)"), tr("Median of rows"), tr("p90 of rows"),
                     tr("Mean of the layer"), tr("Mask drift")}};
  for (size_t i = 0; i < m_series.steps.size(); ++i)
    numbers.rows.push_back({int(m_series.steps[i]), numberOrNothing(m_series.mean[i]),
                            numberOrNothing(m_series.p50[i]), numberOrNothing(m_series.p90[i]),
                            numberOrNothing(m_series.layerMean[i]), numberOrNothing(m_series.mask[i])});
  return numbers;
}

}  // namespace ditscope::gui
