// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/session.h"

#include <QSignalBlocker>
#include <utility>

namespace ditscope::gui {

void Session::setTrace(TracePtr trace) {
  const bool first = m_a.trace == nullptr;
  m_a = {std::move(trace)};
  if (!m_a.trace) m_b = {};
  if (!m_b.trace) m_shown = RunShown::A;
  show();
  if (m_a.trace && first) m_selection.pin(m_a.trace->startCell());
  emit runsChanged();
}

void Session::setOther(TracePtr trace) {
  const bool redraw = m_shown != RunShown::A;
  m_b = {std::move(trace)};
  if (!m_b.trace) m_shown = RunShown::A;
  if (redraw) show();
  emit runsChanged();
}

void Session::setShown(RunShown shown) {
  if (!m_b.trace) shown = RunShown::A;
  if (shown == m_shown) return;
  m_shown = shown;
  show();
}

void Session::show() {
  m_curveTask.giveUp();
  m_kernelTask.giveUp();
  if (trace())
    m_blocks.setTrace(trace()->path, showsDifference() ? m_b.trace->path : std::filesystem::path());
  m_selection.hover(std::nullopt);
  {
    // Panes still hold what they made of the trace before: they hear of the selection with the trace.
    const QSignalBlocker quiet(m_selection);
    m_selection.setExtent(trace() ? trace()->extent : Selection::Extent{});
  }
  emit traceChanged();
}

template <class T, class Read, class Progressed>
std::shared_ptr<const T> Session::lazily(std::shared_ptr<const T> RunData::*slot, Task<T>& task, Read read,
                                         void (Session::*changed)(), Progressed progressed) {
  RunData& run = m_shown == RunShown::B ? m_b : m_a;
  if (run.*slot || !run.trace || task.busy()) return run.*slot;
  task.start([trace = run.trace, read](const auto& progress) { return read(*trace, progress); },
             {.ready =
                  [this, slot, changed](std::shared_ptr<const T> value) {
                    // Tasks are given up when another run is shown, so this one is still it.
                    (m_shown == RunShown::B ? m_b : m_a).*slot = std::move(value);
                    emit(this->*changed)();
                  },
              .failed = [this](const QString& message) { emit problem(message); },
              .progressed = progressed});
  return nullptr;
}

CurveTablePtr Session::curves() {
  return lazily<CurveTable>(&RunData::curves, m_curveTask, readCurves, &Session::curvesChanged,
                            [this](int percent) { emit curvesProgressed(percent); });
}

KernelTablePtr Session::kernels() {
  return lazily<KernelTable>(&RunData::kernels, m_kernelTask, readKernels, &Session::kernelsChanged,
                             [this](int percent) { emit kernelsProgressed(percent); });
}

}  // namespace ditscope::gui
