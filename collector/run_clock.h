// SPDX-License-Identifier: Apache-2.0
// The one clock of a run: monotonic, integer nanoseconds from the start of the run.
#pragma once

#include <chrono>
#include <cstdint>

namespace ditscope::collector {

class RunClock {
 public:
  [[nodiscard]] int64_t now() const {
    return (std::chrono::steady_clock::now() - m_start) / std::chrono::nanoseconds(1);
  }

 private:
  std::chrono::steady_clock::time_point m_start = std::chrono::steady_clock::now();
};

}  // namespace ditscope::collector
