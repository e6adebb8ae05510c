// SPDX-License-Identifier: Apache-2.0
#include "analyzer/format.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <ctime>

namespace ditscope::analyzer {
namespace {

// Three significant digits: 1.24, 12.4, 124.
std::string threeDigits(double value) {
  const double size = std::abs(value);
  return fmt::format("{:.{}f}", value, size < 9.995 ? 2 : size < 99.95 ? 1 : 0);
}

}  // namespace

std::string formatCount(int64_t value) {
  std::string digits = fmt::format("{}", value);
  const ptrdiff_t first = value < 0 ? 1 : 0;
  for (ptrdiff_t at = std::ssize(digits) - 3; at > first; at -= 3)
    digits.insert(static_cast<size_t>(at), 1, ',');
  return digits;
}

std::string formatPercent(double fraction, int decimals) {
  if (std::isnan(fraction)) return std::string(kNoValue);
  return fmt::format("{:.{}f} %", fraction * 100, decimals);
}

std::string formatDuration(double ns) {
  if (std::isnan(ns)) return std::string(kNoValue);
  const double size = std::abs(ns);
  if (size < 999.5) return fmt::format("{:.0f} ns", ns);
  if (size < 999.5e3) return threeDigits(ns / 1e3) + " us";
  if (size < 999.5e6) return threeDigits(ns / 1e6) + " ms";
  if (size < 99.95e9) return threeDigits(ns / 1e9) + " s";
  if (size > 9e18) return fmt::format("{:.3g} s", ns / 1e9);
  const int64_t seconds = std::llround(size / 1e9);
  const std::string_view sign = ns < 0 ? "-" : "";
  if (seconds < 3600) return fmt::format("{}{} min {:02} s", sign, seconds / 60, seconds % 60);
  return fmt::format("{}{} h {:02} min", sign, formatCount(seconds / 3600), seconds % 3600 / 60);
}

std::string formatBytes(int64_t bytes) {
  static constexpr std::array<std::string_view, 5> kUnits{"kB", "MB", "GB", "TB", "PB"};
  auto value = static_cast<double>(bytes);
  if (std::abs(value) < 1000) return fmt::format("{} B", bytes);
  size_t unit = 0;
  for (value /= 1000; std::abs(value) >= 999.5 && unit + 1 < kUnits.size(); value /= 1000) ++unit;
  return fmt::format("{} {}", threeDigits(value), kUnits[unit]);
}

std::string formatUtc(int64_t nsSinceEpoch) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(std::chrono::nanoseconds(nsSinceEpoch));
  return fmt::format("{:%Y-%m-%d %H:%M:%S} UTC", fmt::gmtime(static_cast<std::time_t>(seconds.count())));
}

std::string plural(int64_t count, std::string_view noun, std::string_view nouns) {
  if (count != 1 && !nouns.empty()) return fmt::format("{} {}", formatCount(count), nouns);
  return fmt::format("{} {}{}", formatCount(count), noun, count == 1 ? "" : "s");
}

std::string plainText(std::string_view text) {
  std::string plain(text);
  for (size_t i = 0; i < plain.size(); ++i) {
    const auto byte = static_cast<unsigned char>(plain[i]);
    const auto previous = static_cast<unsigned char>(i > 0 ? plain[i - 1] : '\0');
    if (byte < 0x20 || byte == 0x7F) plain[i] = '?';
    // U+0080 to U+009F: the C1 controls, among them a second way to start an escape sequence.
    if (previous == 0xC2 && byte < 0xA0) plain[i - 1] = plain[i] = '?';
  }
  return plain;
}

std::string shortenedName(std::string_view name) {
  constexpr size_t kStart = 40, kEnd = 40;  // bytes
  std::string text(name);
  if (text.size() > kStart + kEnd + 3)
    text = text.substr(0, kStart) + "..." + text.substr(text.size() - kEnd);
  // A character that was cut is no character any more.
  std::ranges::replace_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0x80U) != 0; }, '?');
  return plainText(text);
}

}  // namespace ditscope::analyzer
