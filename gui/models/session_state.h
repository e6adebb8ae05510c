// SPDX-License-Identifier: GPL-3.0-or-later
// What the window remembers of a session: which traces were open and what was selected. Kept as JSON text,
// and read as a stranger's: whatever is missing or damaged is left out.
#pragma once

#include <QByteArray>
#include <QString>

#include "gui/models/selection.h"

namespace ditscope::gui {

struct SessionState {
  QString traceA, traceB;  // paths; empty: none
  Cell cell;
  int shown = 0;  // RunShown
  friend bool operator==(const SessionState&, const SessionState&) = default;
};

[[nodiscard]] QByteArray stateText(const SessionState& state);
[[nodiscard]] SessionState parseState(const QByteArray& text);  // never fails: an empty state

}  // namespace ditscope::gui
