// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/session.h"

#include <utility>

namespace ditscope::gui {

void Session::setTrace(TracePtr trace) {
  const bool first = m_trace == nullptr;
  m_trace = std::move(trace);
  m_curveTask.giveUp();
  m_curves = nullptr;
  if (m_trace) m_blocks.setTrace(m_trace->path);
  m_selection.setExtent(m_trace ? m_trace->extent : Selection::Extent{});
  if (m_trace && first) m_selection.pin(m_trace->startCell());
  emit traceChanged();
}

CurveTablePtr Session::curves() {
  if (m_curves || !m_trace || m_curveTask.busy()) return m_curves;
  m_curveTask.start([trace = m_trace](const auto& progress) { return readCurves(*trace, progress); },
                    {.ready =
                         [this](CurveTablePtr curves) {
                           m_curves = std::move(curves);
                           emit curvesChanged();
                         },
                     .failed = [this](const QString& message) { emit problem(message); },
                     .progressed = [this](int percent) { emit curvesProgressed(percent); }});
  return nullptr;
}

}  // namespace ditscope::gui
