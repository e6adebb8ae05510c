// SPDX-License-Identifier: Apache-2.0
// Processor time of this process, all threads together: what work costs on a machine that others share, where
// the clock on the wall says how busy they are.
#pragma once

#include <cstdint>
#include <ctime>

namespace ditscope::collector {

[[nodiscard]] inline int64_t processorNs() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

}  // namespace ditscope::collector
