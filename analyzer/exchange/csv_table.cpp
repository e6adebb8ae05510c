// SPDX-License-Identifier: Apache-2.0
#include "analyzer/exchange/csv_table.h"

#include <utility>

#include "analyzer/exchange/exchange_file.h"
#include "db/text.h"

namespace ditscope::analyzer {
namespace {

constexpr size_t kMaxColumns = 64;

std::string withoutGuard(std::string cell) {
  const bool guarded =
      cell.size() > 1 && cell[0] == '\'' && std::string_view("=+-@").find(cell[1]) != std::string::npos;
  return guarded ? cell.substr(1) : cell;
}

}  // namespace

CsvTable parseCsv(const ExchangeInput& input) {
  if (!db::isUtf8(input.bytes)) refuseImport(input, "it is not UTF-8", "save it as UTF-8");
  CsvTable table(1);
  std::string cell;
  bool quoted = false, wasQuoted = false;
  const auto endCell = [&] {
    if (table.back().size() == kMaxColumns)
      refuseImport(input, "a line has too many columns", "give a table");
    table.back().push_back(withoutGuard(std::exchange(cell, {})));
    wasQuoted = false;
  };
  const auto endLine = [&] {
    if (cell.empty() && table.back().empty() && !wasQuoted) return;  // no content
    endCell();
    table.emplace_back();
  };
  for (size_t i = 0; i < input.bytes.size(); ++i) {
    const char c = input.bytes[i];
    if (quoted) {
      if (c != '"')
        cell += c;
      else if (i + 1 < input.bytes.size() && input.bytes[i + 1] == '"')
        cell += input.bytes[++i];
      else
        quoted = false;
    } else if (c == '"' && cell.empty()) {
      quoted = wasQuoted = true;
    } else if (c == ',') {
      endCell();
    } else if (c == '\n') {
      endLine();
    } else if (c != '\r') {
      cell += c;
    }
  }
  if (quoted) refuseImport(input, "a quote is never closed", "check that the file is whole");
  endLine();
  table.pop_back();
  return table;
}

}  // namespace ditscope::analyzer
