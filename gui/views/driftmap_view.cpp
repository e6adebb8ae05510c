// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/views/driftmap_view.h"

#include <QSignalBlocker>
#include <algorithm>
#include <cmath>

#include "analyzer/format.h"
#include "gui/models/readout.h"
#include "gui/plots/heatmap_plot.h"
#include "gui/plots/value_map.h"
#include "gui/views/pane_parts.h"

namespace ditscope::gui {
namespace {

constexpr int kBefore = -1;  // the step before

QString nats(double value) {
  return std::isfinite(value) ? numberText(value) + QStringLiteral(" nats") : QObject::tr("not measured");
}

using DriftPtr = std::shared_ptr<const analyzer::DriftTable>;
analyzer::DriftTable driftOf(const Trace& trace, int reference, const analyzer::Progress& progress) {
  if (reference == kBefore) return analyzer::driftFromPrevious(trace.table);
  const db::TraceReader reader(trace.path, {.quickCheck = false, .cancelled = {}});
  return analyzer::driftFromReference(reader, reference, progress);
}

}  // namespace

DriftMapView::DriftMapView(Session* owner, QWidget* parent) : Pane(owner, tr("Drift of all heads"), parent) {
  QVBoxLayout* column = paneColumn(this);
  m_reference = new QComboBox(this);
  m_reference->setSizeAdjustPolicy(QComboBox::AdjustToContents);
  auto* row = new QHBoxLayout;
  addField(*row, tr("&Against"), m_reference);
  row->addStretch();
  column->addLayout(row);
  const HeatmapParts upper = addHeatmap(*column, this);
  const HeatmapParts lower = addHeatmap(*column, this);
  m_heading = upper.heading;
  m_lse = upper.plot;
  m_lseBar = upper.bar;
  m_maskTitle = lower.heading;
  m_mask = lower.plot;
  m_maskBar = lower.bar;
  m_readout = readoutLabel(this);
  column->addWidget(m_readout);
  setFocusProxy(m_lse);
  connectPlot(m_lse);
  connectPlot(m_mask);
  connect(m_reference, &QComboBox::currentIndexChanged, this, &DriftMapView::reload);
  connect(owner, &Session::traceChanged, this, [this] {
    offerSteps();
    reload();
  });
  connect(&owner->selection(), &Selection::pinnedChanged, this, [this](Selection::Parts changed) {
    if (changed & Selection::Branch)
      draw();
    else
      showSelection();
  });
  offerSteps();
}

void DriftMapView::connectPlot(HeatmapPlot* plot) {
  connect(plot, &HeatmapPlot::cellHovered, this,
          [this](int row, int col) { emit session().readout(describe(row, col)); });
  connect(plot, &HeatmapPlot::pointerLeft, this, [this] { emit session().readout({}); });
  connect(plot, &HeatmapPlot::cellClicked, this,
          [this](int row, int col) { selection().pin(cellAt(row, col)); });
  connect(plot, &HeatmapPlot::moveAsked, this, [this](int rows, int cols) {
    const auto at = position(pinned());
    if (!at || m_rows.empty()) return;
    selection().pin(cellAt(std::clamp(at->y() + rows, 0, int(m_rows.size()) - 1),
                           std::clamp(at->x() + cols, 0, int(m_drift->steps.size()) - 1)));
  });
}

void DriftMapView::offerSteps() {
  const QSignalBlocker quiet(m_reference);
  const int before = m_reference->count() > 0 ? m_reference->currentData().toInt() : kBefore;
  m_reference->clear();
  m_reference->addItem(tr("the step before"), kBefore);
  if (trace())
    for (const int step : trace()->extent.steps) m_reference->addItem(tr("step %1").arg(step), step);
  m_reference->setCurrentIndex(std::max(m_reference->findData(before), 0));
}

void DriftMapView::setReference(std::optional<int> step) {
  m_reference->setCurrentIndex(std::max(m_reference->findData(step.value_or(kBefore)), 0));
}

void DriftMapView::showEvent(QShowEvent* event) {
  Pane::showEvent(event);
  reload();
}

void DriftMapView::reload() {
  m_task.giveUp();
  m_drift = nullptr;
  if (!trace() || !isVisible()) return draw();
  const int reference = m_reference->currentData().toInt();
  m_isDifference = session().showsDifference();
  const TracePtr other = m_isDifference ? session().runB() : nullptr;
  m_task.start(
      [trace = trace(), other, reference](const auto& progress) {
        analyzer::DriftTable drift = driftOf(*trace, reference, progress);
        if (other) drift = analyzer::driftDifference(drift, driftOf(*other, reference, progress));
        return std::make_shared<const analyzer::DriftTable>(std::move(drift));
      },
      {.ready =
           [this](DriftPtr drift) {
             m_drift = std::move(drift);
             draw();
           },
       .failed = [this](const QString& message) { m_readout->setText(message); },
       .progressed = [this](int done) { m_readout->setText(tr("Comparing the steps: %1 %").arg(done)); }});
  draw();
}

void DriftMapView::draw() {
  m_rows.clear();
  if (m_drift)
    for (size_t i = 0; i < m_drift->heads.size(); ++i)
      if (m_drift->heads[i].branch == pinned().branch) m_rows.push_back(i);
  if (m_rows.empty()) {
    for (HeatmapPlot* plot : {m_lse, m_mask}) plot->setMap({});
    m_readout->setText(!trace() || !isVisible() ? QString()
                       : m_task.busy()          ? tr("Comparing the steps\u2026")
                                                : tr("No drift was recorded."));
    return;
  }
  auto lse = std::make_shared<ValueMap>(ValueMap{int(m_rows.size()), int(m_drift->steps.size()), {}});
  auto mask = std::make_shared<ValueMap>(*lse);
  for (const size_t head : m_rows) {
    for (const double value : m_drift->heads[head].lse) lse->values.push_back(value);
    for (const double value : m_drift->heads[head].mask) mask->values.push_back(overlapOf(value));
  }
  ValueScale nats = rangeOf(lse->values, false);
  nats.lo = 0;
  showValues(*m_lse, *m_lseBar, lse,
             {.title = tr("LSE change (nats)"),
              .scale = nats,
              .format = [](double value) { return numberText(value, 2); },
              .isDifference = m_isDifference});
  showValues(*m_mask, *m_maskBar, mask,
             {.title = tr("Mask overlap (%)"),
              .colours = ColourMapId::Cividis,
              .format = [](double value) { return numberText(100 * value, 2); },
              .isDifference = m_isDifference});
  const HeatmapAxis rows{.title = tr("Layer, head"),
                         .label =
                             [drift = m_drift, rows = m_rows](int at) {
                               const analyzer::HeadDrift& head = drift->heads[rows[size_t(at)]];
                               return headTick(head.layer, head.head);
                             },
                         .edges = {}};
  const HeatmapAxis cols{
      .title = tr("Step"),
      .label = [drift = m_drift](int at) { return QString::number(drift->steps[size_t(at)]); },
      .edges = {}};
  for (HeatmapPlot* plot : {m_lse, m_mask}) plot->setAxes(rows, cols);
  const QString runs = m_isDifference ? tr("B \u2212 A: ") : QString();
  m_heading->setText(
      runs + tr("LSE change from %1, %2").arg(m_reference->currentText(), branchName(pinned().branch)));
  m_maskTitle->setText(runs + tr("Kept blocks in common with %1 (Jaccard)").arg(m_reference->currentText()));
  showSelection();
}

std::optional<QPoint> DriftMapView::position(const Cell& cell) const {
  if (!m_drift) return std::nullopt;
  const auto step = std::find(m_drift->steps.begin(), m_drift->steps.end(), cell.step);
  for (size_t row = 0; row < m_rows.size() && step != m_drift->steps.end(); ++row) {
    const analyzer::HeadDrift& head = m_drift->heads[m_rows[row]];
    if (head.layer == cell.layer && head.head == cell.head)
      return QPoint(int(step - m_drift->steps.begin()), int(row));
  }
  return std::nullopt;
}

Cell DriftMapView::cellAt(int row, int col) const {
  Cell cell = pinned();
  const analyzer::HeadDrift& head = m_drift->heads[m_rows[size_t(row)]];
  cell.layer = head.layer;
  cell.head = head.head;
  cell.step = m_drift->steps[size_t(col)];
  return cell;
}

void DriftMapView::showSelection() {
  const auto at = position(pinned());
  for (HeatmapPlot* plot : {m_lse, m_mask}) plot->setPinned(at);
  if (at) m_readout->setText(capitalised(describe(at->y(), at->x())));
  m_lse->setAccessibleName(tr("LSE change of all heads over the steps"));
  m_mask->setAccessibleName(tr("Mask overlap of all heads over the steps"));
  m_lse->setAccessibleDescription(m_readout->text());
}

QString DriftMapView::describe(int row, int col) const {
  if (!m_drift || size_t(row) >= m_rows.size()) return {};
  const analyzer::HeadDrift& head = m_drift->heads[m_rows[size_t(row)]];
  return (m_isDifference
              ? tr("layer %1, head %2, step %3 against %4, B \u2212 A: LSE change %5 (signed %6), "
                   "kept blocks in common %7")
              : tr("layer %1, head %2, step %3 against %4: LSE change %5 (signed %6), %7 of the kept "
                   "blocks in common"))
      .arg(head.layer)
      .arg(head.head)
      .arg(m_drift->steps[size_t(col)])
      .arg(m_reference->currentText(), nats(head.lse[size_t(col)]), nats(head.lseSigned[size_t(col)]),
           percentText(overlapOf(head.mask[size_t(col)])));
}

void DriftMapView::fit() {
  m_lse->fit();
  m_mask->fit();
}

QString DriftMapView::copyText() const {
  return m_heading->text() + QChar('\n') + m_readout->text();
}

TableData DriftMapView::table() const {
  TableData numbers{{tr("Layer"), tr("Head"), tr("Step"), tr("LSE change (nats)"), tr("Signed (nats)"),
                     tr("Mask overlap")}};
  for (const size_t row : m_rows) {
    const analyzer::HeadDrift& head = m_drift->heads[row];
    for (size_t i = 0; i < m_drift->steps.size(); ++i)
      numbers.rows.push_back({head.layer, head.head, m_drift->steps[i], numberOrNothing(head.lse[i]),
                              numberOrNothing(head.lseSigned[i]), numberOrNothing(overlapOf(head.mask[i]))});
  }
  return numbers;
}

}  // namespace ditscope::gui
