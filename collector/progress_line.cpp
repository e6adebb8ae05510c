// SPDX-License-Identifier: Apache-2.0
#include "collector/progress_line.h"

#include <fmt/core.h>
#include <unistd.h>

#include <cstdio>

namespace ditscope::collector {

ProgressLine::ProgressLine(bool wanted) : m_active(wanted && isatty(STDERR_FILENO) != 0) {}

void ProgressLine::finish() {
  if (m_written) fmt::print(stderr, "\n");
  m_written = false;
}

void ProgressLine::start(std::string what, int total) {
  m_what = std::move(what);
  m_total = total;
  m_start = std::chrono::steady_clock::now();
  update(0);
}

void ProgressLine::update(int done) {
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - m_start;
  show(text(m_what, done, m_total, elapsed.count()));
}

void ProgressLine::show(const std::string& line) {
  if (!m_active) return;
  fmt::print(stderr, "\r\033[K{}", line);
  std::fflush(stderr);
  m_written = true;
}

std::string ProgressLine::text(const std::string& what, int done, int total, double seconds) {
  if (done == 0) return fmt::format("{}: {}/{}", what, done, total);
  const double each = seconds / done;
  const std::string rate =
      each < 1 ? fmt::format("{:.1f} steps/s", 1 / each) : fmt::format("{:.1f} s/step", each);
  if (done >= total) return fmt::format("{}: {}/{}, {}, took {:.1f} s", what, done, total, rate, seconds);
  return fmt::format("{}: {}/{}, {}, ends in {:.0f} s", what, done, total, rate, each * (total - done));
}

}  // namespace ditscope::collector
