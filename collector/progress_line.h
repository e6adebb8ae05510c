// SPDX-License-Identifier: Apache-2.0
// One line on a terminal's stderr that is written over: what is done, the rate, and when it ends.
#pragma once

#include <chrono>
#include <string>

namespace ditscope::collector {

class ProgressLine {
 public:
  explicit ProgressLine(bool wanted);  // silent unless wanted and stderr is a terminal
  ~ProgressLine() { finish(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void start(std::string what, int total);
  void update(int done);
  void show(const std::string& line);  // instead of start() and update()
  void finish();                       // ends the line

  // "recording: step 3/20, 1.25 s/step, ends in 21 s"
  static std::string text(const std::string& what, int done, int total, double seconds);

 private:
  bool m_active;
  bool m_written = false;
  std::string m_what;
  int m_total = 0;
  std::chrono::steady_clock::time_point m_start;
};

}  // namespace ditscope::collector
