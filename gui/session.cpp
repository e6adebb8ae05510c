// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/session.h"

#include <utility>

namespace ditscope::gui {

void Session::setTrace(TracePtr trace) {
  const bool first = m_trace == nullptr;
  m_trace = std::move(trace);
  if (m_trace) m_blocks.setTrace(m_trace->path);
  m_selection.setExtent(m_trace ? m_trace->extent : Selection::Extent{});
  if (m_trace && first) m_selection.pin(m_trace->startCell());
  emit traceChanged();
}

}  // namespace ditscope::gui
