// SPDX-License-Identifier: Apache-2.0
// Numbers and names for people. What is not measured (NaN) is "-". A unit follows after a space.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ditscope::analyzer {

inline constexpr std::string_view kNoValue = "-";

[[nodiscard]] std::string formatCount(int64_t value);                        // 1,234,567
[[nodiscard]] std::string formatPercent(double fraction, int decimals = 1);  // 12.3 %
[[nodiscard]] std::string formatDuration(double ns);                         // 1.24 ms, 4 min 05 s
[[nodiscard]] std::string formatBytes(int64_t bytes);                        // 1.24 MB, powers of 1000
[[nodiscard]] std::string formatUtc(int64_t nsSinceEpoch);                   // 2026-03-01 12:30:00 UTC
// 1 step, 2,000 steps; `nouns` where an s is not enough.
[[nodiscard]] std::string plural(int64_t count, std::string_view noun, std::string_view nouns = {});
// Text of a file made safe for a terminal: control characters, and with them escape sequences, become '?'.
[[nodiscard]] std::string plainText(std::string_view text);

// A long name of a kernel as its start and its end, which says what was computed; plain ASCII text of a line.
[[nodiscard]] std::string shortenedName(std::string_view name);

}  // namespace ditscope::analyzer
