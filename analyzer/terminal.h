// SPDX-License-Identifier: Apache-2.0
// What `ditscope` knows about the terminal it runs on. Used by the program alone.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "analyzer/text_style.h"

namespace ditscope::analyzer {

// Colour on a terminal unless NO_COLOR is set; unicode where the locale is UTF-8 and `ascii` is not wished.
[[nodiscard]] TextStyle terminalStyle(bool ascii);

// One line on stderr, rewritten in place, only on a terminal and only after a second; gone at the end.
class ProgressLine {
 public:
  explicit ProgressLine(std::string what);
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void pulse();                              // still busy, end unknown
  void update(int64_t done, int64_t total);  // shows rate and remaining time

 private:
  using Clock = std::chrono::steady_clock;
  [[nodiscard]] bool due();
  void show(const std::string& text);

  std::string m_what;
  bool m_onTerminal;
  bool m_shown = false;
  Clock::time_point m_start = Clock::now();
  Clock::time_point m_last = m_start;
};

}  // namespace ditscope::analyzer
