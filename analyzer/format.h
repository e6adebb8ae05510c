// SPDX-License-Identifier: Apache-2.0
// Numbers for people. Everything that is not measured (NaN) is "-". Units are separated by a space.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ditscope::analyzer {

inline constexpr std::string_view kNoValue = "-";

[[nodiscard]] std::string formatNumber(double value, int significant = 3);  // 0.00123, 12.3, 1,230
[[nodiscard]] std::string formatCount(int64_t value);                       // 1,234,567
[[nodiscard]] std::string formatPercent(double fraction);                   // 12.3 %, 0.04 %
[[nodiscard]] std::string formatDuration(double ns);                        // 1.24 ms, 4 min 05 s
[[nodiscard]] std::string formatBytes(int64_t bytes);                       // 1.24 MB (powers of 1000)
[[nodiscard]] std::string formatUtc(int64_t nsSinceEpoch);                  // 2026-03-01 12:30:00 UTC
// Text of a file made safe for a terminal and a table: control characters and broken UTF-8 become '?'.
[[nodiscard]] std::string plainText(std::string_view text);

}  // namespace ditscope::analyzer
