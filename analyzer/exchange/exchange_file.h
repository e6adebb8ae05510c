// SPDX-License-Identifier: Apache-2.0
// Reading and writing the files of an exchange, and JSON of strangers: bounded, and every complaint one line.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "analyzer/exchange/exchange_format.h"

namespace ditscope::analyzer {

[[nodiscard]] std::string readExchangeFile(const std::filesystem::path& path);  // at most kMaxExchangeBytes
void writeExchangeFile(const std::filesystem::path& path, const std::string& text);  // whole or not at all

[[noreturn]] void refuseImport(const ExchangeInput& input, const std::string& why, const std::string& remedy);
[[nodiscard]] nlohmann::json parseImport(const ExchangeInput& input);

// On one line as Python's json.dump writes it, with blanks behind commas and colons.
[[nodiscard]] std::string pythonJson(const nlohmann::ordered_json& json);

// Three positive numbers, frames, rows and columns, as "6x8x8". Throws db::Error that begins with `what`.
struct Triple {
  int64_t frames = 0, rows = 0, cols = 0;
  friend bool operator==(const Triple&, const Triple&) = default;
};
[[nodiscard]] Triple parseTriple(const std::string& what, const std::string& text);
[[nodiscard]] std::string tripleText(const Triple& triple);

}  // namespace ditscope::analyzer
