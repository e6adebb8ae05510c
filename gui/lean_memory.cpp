// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/lean_memory.h"

#include <cstdlib>

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace ditscope::gui {

void keepMemoryLean() {
#ifdef __GLIBC__
  constexpr int kBlock = 128 << 10;  // the threshold would otherwise grow with what is freed
  mallopt(M_MMAP_THRESHOLD, kBlock);
  mallopt(M_TRIM_THRESHOLD, kBlock);
  mallopt(M_ARENA_MAX, 1);
#endif
}

}  // namespace ditscope::gui
