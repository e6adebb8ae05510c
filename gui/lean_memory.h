// SPDX-License-Identifier: GPL-3.0-or-later
// Tables of a trace are freed on worker threads; glibc would keep their memory for those threads.
#pragma once

namespace ditscope::gui {

// Large blocks go back to the system as soon as they are freed. Before any thread is started.
void keepMemoryLean();

}  // namespace ditscope::gui
