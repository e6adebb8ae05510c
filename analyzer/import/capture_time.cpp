// SPDX-License-Identifier: Apache-2.0
#include "analyzer/import/capture_time.h"

#include <charconv>
#include <cmath>

#include "analyzer/import/capture.h"

namespace ditscope::analyzer {
namespace {

bool isDigit(char c) {
  return c >= '0' && c <= '9';
}

// For exponents, which other writers of JSON make.
std::optional<int64_t> fromDouble(std::string_view text, double scale) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  const double scaled = std::floor(value * scale);
  if (!(std::abs(scaled) < double(kMaxCaptureNs))) return std::nullopt;  // NaN, too
  return int64_t(scaled);
}

}  // namespace

std::optional<int64_t> nanosecondsOf(std::string_view text) {
  constexpr size_t kMaxDigits = 16;  // of whole microseconds; more are no time of ours
  size_t at = text.starts_with('-') ? 1 : 0;
  const bool negative = at == 1;
  const size_t first = at;
  int64_t value = 0;
  while (at < text.size() && isDigit(text[at]) && at - first < kMaxDigits)
    value = value * 10 + (text[at++] - '0');
  if (at == first) return fromDouble(text, 1000);
  if (value > kMaxCaptureNs / 1000) return std::nullopt;
  int places = 0;
  if (at < text.size() && text[at] == '.') {
    for (++at; at < text.size() && isDigit(text[at]); ++at)
      if (places < 3) {
        value = value * 10 + (text[at] - '0');
        ++places;
      }
  }
  if (at != text.size()) return fromDouble(text, 1000);
  for (; places < 3; ++places) value *= 10;
  if (!isCaptureTime(value)) return std::nullopt;
  return negative ? -value : value;
}

std::optional<int64_t> integerOf(std::string_view text) {
  int64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, value);
  if (error == std::errc() && at == end) return value;
  return fromDouble(text, 1);
}

std::optional<int64_t> lastNumberOf(std::string_view text) {
  if (const auto whole = integerOf(text)) return whole;
  size_t begin = text.size();
  while (begin > 0 && isDigit(text[begin - 1])) --begin;
  return begin < text.size() ? integerOf(text.substr(begin)) : std::nullopt;
}

}  // namespace ditscope::analyzer
