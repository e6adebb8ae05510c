// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/views/timeline_view.h"

#include <QEvent>
#include <algorithm>

#include "analyzer/format.h"
#include "gui/models/readout.h"
#include "gui/plots/line_legend.h"
#include "gui/plots/theme.h"
#include "gui/plots/timeline_plot.h"
#include "gui/views/pane_parts.h"

namespace ditscope::gui {
namespace {

QString duration(int64_t ns) {
  return text(analyzer::formatDuration(double(ns)));
}

QString spanName(SpanKind kind) {
  switch (kind) {
    case SpanKind::Attention:
      return QObject::tr("attention");
    case SpanKind::Search:
      return QObject::tr("mask search");
    case SpanKind::Record:
      return QObject::tr("recording");
    case SpanKind::AttentionKernel:
    case SpanKind::OtherKernel:
      return QObject::tr("kernel");
    case SpanKind::Step:
      break;
  }
  return QObject::tr("step");
}

bool isKernel(SpanKind kind) {
  return kind == SpanKind::AttentionKernel || kind == SpanKind::OtherKernel;
}

}  // namespace

TimelineView::TimelineView(Session* owner, QWidget* parent) : Pane(owner, tr("Timeline"), parent) {
  QVBoxLayout* column = paneColumn(this);
  m_heading = headingLabel(this);
  m_legend = new LineLegend(this);
  m_plot = new TimelinePlot(this);
  setFocusProxy(m_plot);
  m_readout = readoutLabel(this);
  column->addWidget(m_heading);
  column->addWidget(m_legend);
  column->addWidget(m_plot, 1);
  column->addWidget(m_readout);
  m_plot->setAccessibleName(tr("Timeline of steps, attention calls and kernels"));
  nameColours();
  connect(owner, &Session::traceChanged, this, &TimelineView::reload);
  connect(owner, &Session::kernelsChanged, this, &TimelineView::reload);
  connect(&owner->selection(), &Selection::pinnedChanged, this, &TimelineView::mark);
  connect(m_plot, &TimelinePlot::spanHovered, this,
          [this](const SpanRef& span) { emit session().readout(describe(span)); });
  connect(m_plot, &TimelinePlot::timeHovered, this,
          [this](qint64 ns) { emit session().readout(tr("%1 from the start").arg(duration(ns))); });
  connect(m_plot, &TimelinePlot::pointerLeft, this, [this] { emit session().readout({}); });
  connect(m_plot, &TimelinePlot::spanClicked, this, &TimelineView::select);
  connect(m_plot, &TimelinePlot::viewChanged, this, &TimelineView::showView);
}

void TimelineView::nameColours() {
  const PlotColours colours = plotColours(palette());
  m_legend->setEntries({{tr("attention"), LineSample::Bar, colours.of(ColourRole::Accent)},
                        {tr("mask search"), LineSample::Bar, colours.of(ColourRole::Second)},
                        {tr("recording"), LineSample::Bar, colours.of(ColourRole::Fourth)},
                        {tr("other kernels"), LineSample::Bar, colours.of(ColourRole::Frame)}});
}

void TimelineView::showEvent(QShowEvent* event) {
  Pane::showEvent(event);
  reload();
}

void TimelineView::changeEvent(QEvent* event) {
  Pane::changeEvent(event);
  if (event->type() == QEvent::PaletteChange) nameColours();
}

void TimelineView::reload() {
  m_kernels = isVisible() && trace() ? session().kernels() : nullptr;
  m_timeline = isVisible() && trace() ? makeTimeline(*trace(), m_kernels.get()) : nullptr;
  m_callById.clear();
  if (m_timeline)
    for (size_t i = 0; i < trace()->facts.calls.size(); ++i) m_callById[trace()->facts.calls[i].id] = i;
  m_plot->setTimeline(m_timeline);
  mark();
  showView();
}

void TimelineView::mark() {
  const db::AttnCall* call =
      trace() ? trace()->call(pinned().step, pinned().layer, pinned().branch) : nullptr;
  m_plot->setMarked(
      call ? std::optional(std::pair(call->startNs, call->startNs + call->searchNs + call->kernelNs))
           : std::nullopt);
  if (!call || !m_timeline) {
    m_readout->clear();
    return;
  }
  m_readout->setText(tr("Selected: %1, %2: attention %3, mask search %4, starts at %5")
                         .arg(stepText(*trace(), pinned().step), headText(*trace(), pinned()),
                              duration(call->kernelNs), duration(call->searchNs), duration(call->startNs)));
  m_plot->setAccessibleDescription(m_readout->text());
}

void TimelineView::showView() {
  if (!m_timeline) {
    m_heading->setText(tr("Timeline"));
    return;
  }
  QString words = tr("%1 to %2").arg(duration(m_plot->from()), duration(m_plot->to()));
  const Track* last = m_timeline->tracks.empty() ? nullptr : &m_timeline->tracks.back();
  if (m_kernels && last && isKernel(last->kind.front()))
    words += tr(", %1 of it without a kernel (%2)")
                 .arg(text(analyzer::formatPercent(idleShare(*last, m_plot->from(), m_plot->to()))),
                      last->name.toLower());
  else if (session().readsKernels())
    words += tr(", reading the kernels\u2026");
  m_heading->setText(words);
}

const db::AttnCall* TimelineView::callOf(const SpanRef& span) const {
  const auto item = size_t(m_timeline->tracks[span.track].item[span.piece.first]);
  const std::vector<db::AttnCall>& calls = trace()->facts.calls;
  if (!isKernel(span.piece.kind)) return item < calls.size() ? &calls[item] : nullptr;
  const auto found = m_kernels ? m_callById.find(m_kernels->call[item]) : m_callById.end();
  return found == m_callById.end() ? nullptr : &calls[found->second];
}

void TimelineView::select(const SpanRef& span) {
  if (span.piece.kind == SpanKind::Step) {
    selection().setStep(m_timeline->tracks[span.track].item[span.piece.first]);
    return;
  }
  const db::AttnCall* call = callOf(span);
  if (!call) return;
  Cell cell = pinned();
  cell.step = call->step;
  cell.layer = call->layer;
  cell.branch = call->branch;
  selection().pin(cell);
}

QString TimelineView::describe(const SpanRef& span) const {
  if (span.piece.count > 1)
    return tr("%1 spans within %2; zoom in to tell them apart")
        .arg(span.piece.count)
        .arg(duration(span.piece.end - span.piece.start));
  const auto item = size_t(m_timeline->tracks[span.track].item[span.piece.first]);
  QString words = spanName(span.piece.kind);
  if (span.piece.kind == SpanKind::Step) words = stepText(*trace(), int(item));
  if (isKernel(span.piece.kind) && m_kernels)
    words += QChar(' ') + text(m_kernels->configs[size_t(m_kernels->config[item])].name);
  words +=
      tr(": %1, starts at %2").arg(duration(span.piece.end - span.piece.start), duration(span.piece.start));
  const db::AttnCall* call = span.piece.kind == SpanKind::Step ? nullptr : callOf(span);
  if (call)
    words += tr("; step %1, layer %2, %3").arg(call->step).arg(call->layer).arg(branchName(call->branch));
  return words;
}

void TimelineView::fit() {
  m_plot->fit();
}

QString TimelineView::copyText() const {
  return m_heading->text() + QChar('\n') + m_readout->text();
}

TableData TimelineView::table() const {
  TableData numbers{{tr("Step"), tr("Layer"), tr("Branch"), tr("Plan"), tr("Start (ms)"),
                     tr("Mask search (ms)"), tr("Attention (ms)"), tr("Recording (ms)")}};
  if (!trace()) return numbers;
  for (const db::AttnCall& call : trace()->facts.calls)
    numbers.rows.push_back({call.step, call.layer, branchName(call.branch), text(call.plan),
                            double(call.startNs) * 1e-6, double(call.searchNs) * 1e-6,
                            double(call.kernelNs) * 1e-6, double(call.recordNs) * 1e-6});
  return numbers;
}

}  // namespace ditscope::gui
