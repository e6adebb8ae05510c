// SPDX-License-Identifier: GPL-3.0-or-later
// Threads that compute what a pane will show must not take the processor from the thread that draws.
#pragma once

namespace ditscope::gui {

// The calling thread gets a tenth of what others get while they want all of it. Does nothing but on Linux.
void stayInTheBackground();

}  // namespace ditscope::gui
