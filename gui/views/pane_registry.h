// SPDX-License-Identifier: GPL-3.0-or-later
// All panes by name, for the docks and for --view. Another pane is one more line here.
#pragma once

#include <QString>
#include <span>

#include "gui/views/pane.h"

namespace ditscope::gui {

// Where a pane is docked first; those of one place are tabs.
enum class PanePlace { Left, Upper, Lower, Right };

struct PaneEntry {
  QString name;   // on the command line and as the dock's objectName
  QString title;  // of the dock
  QString help;   // one line for --list-views
  PanePlace place;
  Pane* (*make)(Session* session, QWidget* parent);
};
[[nodiscard]] std::span<const PaneEntry> paneEntries();

}  // namespace ditscope::gui
