// SPDX-License-Identifier: Apache-2.0
// Ctrl-C as a request: the first one asks the run to stop and keep what it has, the second one kills.
#pragma once

namespace ditscope::collector {

struct Interrupted {};  // thrown out of a computation that is to stop

class InterruptGuard {  // one at a time in a process
 public:
  InterruptGuard();   // takes over SIGINT and SIGTERM
  ~InterruptGuard();  // gives them back
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;
  [[nodiscard]] static bool interrupted();
};

}  // namespace ditscope::collector
