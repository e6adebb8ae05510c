// SPDX-License-Identifier: Apache-2.0
#include "analyzer/machine_text.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

namespace ditscope::analyzer {

std::string csvText(std::string_view text) {
  std::string cell;
  // Tabs and carriage returns count too: spreadsheets skip them before they look for a formula.
  if (!text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos)
    cell += '\'';
  cell += text;
  if (cell.find_first_of(",\"\r\n") == std::string::npos) return cell;
  std::string quoted = "\"";
  for (const char c : cell) quoted.append(c == '"' ? 2 : 1, c);
  return quoted + '"';
}

std::string csvNumber(double value) {
  return std::isfinite(value) ? fmt::format("{:.7g}", value) : std::string();
}

std::string csvLine(std::span<const std::string> cells) {
  return fmt::format("{}\n", fmt::join(cells, ","));
}

nlohmann::ordered_json jsonNumber(double value) {
  if (!std::isfinite(value)) return nullptr;
  return nlohmann::ordered_json::parse(fmt::format("{:.7g}", value));
}

std::string jsonText(const nlohmann::ordered_json& value) {
  return value.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace ditscope::analyzer
