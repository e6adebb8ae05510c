// SPDX-License-Identifier: Apache-2.0
// A history for people, for programs, and for Apache Otava.
#pragma once

#include <cstdint>
#include <string>

#include "analyzer/history/history.h"
#include "analyzer/text_style.h"

namespace ditscope::analyzer {

// Open changes first, slower before faster; all: also the series that did not change.
[[nodiscard]] std::string historyText(const History& history, bool all, const TextStyle& style);
[[nodiscard]] std::string historyJson(const History& history);

// One chart a series, `most` at most, of text or as one SVG picture: points with their quartiles, levels, and
// changes. Names are data and cannot become markup. The same bytes for the same history.
[[nodiscard]] std::string historyChart(const History& history, size_t most, const TextStyle& style);
[[nodiscard]] std::string historySvg(const History& history, size_t most);

// One line a run with time, commit and branch, one column a series in ns, named series_<id>; and the
// configuration with which Otava reads it from `csvFile`. Otava takes no empty cells there: a run without a
// point repeats the one before, which is what Otava itself fills gaps of other sources with.
[[nodiscard]] std::string otavaCsv(const History& history);
[[nodiscard]] std::string otavaConfig(const History& history, const std::string& csvFile);

[[nodiscard]] int64_t countOpenSlower(const History& history);
[[nodiscard]] std::string shortCommit(const db::HistoryRun& run);  // safe for a terminal; "-" without one

}  // namespace ditscope::analyzer
