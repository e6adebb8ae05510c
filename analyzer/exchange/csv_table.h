// SPDX-License-Identifier: Apache-2.0
// Comma-separated values after RFC 4180: quotes, doubled quotes, line ends inside them; LF or CR LF. And the
// table of csv_exchange.cpp made a configuration again.
#pragma once

#include <string>
#include <vector>

#include "analyzer/exchange/exchange_format.h"

namespace ditscope::analyzer {

using CsvTable = std::vector<std::vector<std::string>>;  // lines without content are left out

// The ' in front of what a spreadsheet would take for a formula is taken away. Throws db::Error.
[[nodiscard]] CsvTable parseCsv(const ExchangeInput& input);

inline constexpr const char* kCsvHeader = "component,steps,layer,head,branch,method,parameters,expected\n";
inline constexpr size_t kCsvColumns = 8;
inline constexpr const char* kCsvSchedule = "schedule";  // the method of an entry of the schedule

[[nodiscard]] db::SparsityConfig readConfigTable(const ExchangeInput& input, LossReport& report);

}  // namespace ditscope::analyzer
