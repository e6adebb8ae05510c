// SPDX-License-Identifier: Apache-2.0
#include "analyzer/text_style.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace ditscope::analyzer {
namespace {

constexpr std::array<std::string_view, 8> kLevels{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
constexpr std::string_view kMissing = "·";

std::string_view ansiCode(Emphasis emphasis) {
  switch (emphasis) {
    case Emphasis::Heading:
      return "\x1b[1m";
    case Emphasis::Quiet:
      return "\x1b[2m";
    case Emphasis::Good:
      return "\x1b[32m";
    case Emphasis::Warning:
      return "\x1b[33m";
    case Emphasis::Bad:
      return "\x1b[1;31m";
  }
  return {};
}

}  // namespace

std::string emphasise(std::string_view text, Emphasis emphasis, const TextStyle& style) {
  if (!style.colour) return std::string(text);
  return std::string(ansiCode(emphasis)).append(text).append("\x1b[0m");
}

std::string heatStrip(std::span<const double> values, const Range& range, const TextStyle& style) {
  std::string strip;
  if (!style.unicode) return strip;
  const size_t width = std::min(values.size(), kStripWidth);
  for (size_t i = 0; i < width; ++i) {
    Summary part;
    for (size_t v = i * values.size() / width; v < (i + 1) * values.size() / width; ++v) part.add(values[v]);
    if (part.count == 0) {
      strip += kMissing;
      continue;
    }
    const double place = std::clamp((part.mean() - range.lo) / (range.hi - range.lo), 0.0, 1.0);
    strip += kLevels[std::min(kLevels.size() - 1, static_cast<size_t>(place * kLevels.size()))];
  }
  return strip;
}

}  // namespace ditscope::analyzer
