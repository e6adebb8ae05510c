// SPDX-License-Identifier: Apache-2.0
// Ctrl-C as a wish to stop, asked for between two rows of a long computation. One at a time, main thread.
#pragma once

namespace ditscope::analyzer {

class StopOnInterrupt {  // from construction to destruction Ctrl-C no longer ends the process
 public:
  StopOnInterrupt();
  ~StopOnInterrupt();
  StopOnInterrupt(const StopOnInterrupt&) = delete;
  StopOnInterrupt& operator=(const StopOnInterrupt&) = delete;

  [[nodiscard]] bool stopped() const;

 private:
  void (*m_before)(int);
};

}  // namespace ditscope::analyzer
