// SPDX-License-Identifier: Apache-2.0
// What the reader's terminal can show, and the small marks of text reports: emphasis and heat strips.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "analyzer/head_table.h"

namespace ditscope::analyzer {

struct TextStyle {
  bool colour = false;   // ANSI escapes
  bool unicode = false;  // block characters; without it there are no strips
};

enum class Emphasis : uint8_t { Heading, Quiet, Good, Warning, Bad };
[[nodiscard]] std::string emphasise(std::string_view text, Emphasis emphasis, const TextStyle& style);

// One character a value, at most kStripWidth (neighbours are averaged): low ▁ to high █ within the range,
// a dot where nothing was measured. Empty without unicode.
inline constexpr size_t kStripWidth = 25;
[[nodiscard]] std::string heatStrip(std::span<const double> values, const Range& range,
                                    const TextStyle& style);

}  // namespace ditscope::analyzer
