// SPDX-License-Identifier: Apache-2.0
// Sampling and training allocate and free the same large tensors every step. With glibc's defaults each of
// them is a new mapping whose pages are faulted in again, which takes longer than many of the operations on
// them.
#pragma once

#include <malloc.h>

namespace ditscope::collector {

inline void keepFreedMemory() {
#ifdef __GLIBC__
  constexpr int kNeverTrim = 2'000'000'000;  // bytes
  constexpr int kGrowBy = 256 << 20;         // bytes
  mallopt(M_ARENA_MAX, 1);
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, kNeverTrim);
  mallopt(M_TOP_PAD, kGrowBy);
#endif
}

}  // namespace ditscope::collector
