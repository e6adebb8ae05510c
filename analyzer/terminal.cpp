// SPDX-License-Identifier: Apache-2.0
#include "analyzer/terminal.h"

#include <fmt/format.h>
#include <langinfo.h>
#include <unistd.h>

#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "analyzer/format.h"

namespace ditscope::analyzer {
namespace {

using namespace std::chrono_literals;

double nanoseconds(std::chrono::steady_clock::duration duration) {
  return std::chrono::duration<double, std::nano>(duration).count();
}

bool isSet(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr && *value != '\0';
}

}  // namespace

TextStyle terminalStyle(bool ascii) {
  std::setlocale(LC_CTYPE, "");
  const char* term = std::getenv("TERM");
  const bool dumb = term != nullptr && std::string_view(term) == "dumb";
  return {.colour = ::isatty(STDOUT_FILENO) == 1 && !isSet("NO_COLOR") && !dumb,
          .unicode = !ascii && std::string_view(::nl_langinfo(CODESET)) == "UTF-8"};
}

ProgressLine::ProgressLine(std::string what)
    : m_what(std::move(what)), m_onTerminal(::isatty(STDERR_FILENO) == 1) {}

ProgressLine::~ProgressLine() {
  if (m_shown) std::fputs("\r\x1b[K", stderr);
}

bool ProgressLine::due() {
  if (!m_onTerminal) return false;
  const Clock::time_point now = Clock::now();
  if (now - m_start < 1s || now - m_last < 200ms) return false;
  m_last = now;
  return true;
}

void ProgressLine::show(const std::string& text) {
  fmt::print(stderr, "\r\x1b[K{}: {}", m_what, text);
  std::fflush(stderr);
  m_shown = true;
}

void ProgressLine::pulse() {
  if (due()) show(formatDuration(nanoseconds(Clock::now() - m_start)));
}

void ProgressLine::update(int64_t done, int64_t total) {
  if (done <= 0 || !due()) return;
  const double elapsed = nanoseconds(Clock::now() - m_start);
  const auto progress = static_cast<double>(done);
  const double left = elapsed / progress * static_cast<double>(total - done);
  show(fmt::format("{} of {}, {:.0f} a second, {} left", formatCount(done), formatCount(total),
                   progress / elapsed * 1e9, formatDuration(left)));
}

}  // namespace ditscope::analyzer
