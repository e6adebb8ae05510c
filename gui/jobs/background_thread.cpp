// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/jobs/background_thread.h"

#ifdef __linux__
#include <sys/resource.h>
#include <unistd.h>
#endif

namespace ditscope::gui {

void stayInTheBackground() {
#ifdef __linux__
  constexpr int kNice = 10;
  setpriority(PRIO_PROCESS, id_t(gettid()),
              kNice);  // on Linux of the thread alone; that it fails does no harm
#endif
}

}  // namespace ditscope::gui
