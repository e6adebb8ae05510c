// SPDX-License-Identifier: Apache-2.0
// Output for programs: CSV that a spreadsheet cannot mistake for formulas, and JSON numbers. What is not
// measured is an empty cell or null. Numbers keep seven significant digits, as many as a float holds.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>

namespace ditscope::analyzer {

// RFC 4180 quoting; text that starts with = + - @ gets a ' in front.
[[nodiscard]] std::string csvText(std::string_view text);
[[nodiscard]] std::string csvNumber(double value);
[[nodiscard]] std::string csvLine(std::span<const std::string> cells);  // cells as made by the two above

[[nodiscard]] nlohmann::ordered_json jsonNumber(double value);
// Two spaces of indent, a line feed at the end; broken UTF-8 of a trace becomes U+FFFD.
[[nodiscard]] std::string jsonText(const nlohmann::ordered_json& value);

}  // namespace ditscope::analyzer
