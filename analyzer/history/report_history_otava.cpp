// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <map>
#include <set>

#include "analyzer/format.h"
#include "analyzer/history/report_history.h"
#include "analyzer/machine_text.h"

namespace ditscope::analyzer {
namespace {

std::string isoTime(int64_t utcNs) {  // 2026-03-01 12:30:00 +0000
  std::string text = formatUtc(utcNs);
  return text.substr(0, text.rfind(' ')) + " +0000";
}

std::string quoted(const std::string& text) {  // of YAML
  std::string out = "\"";
  for (const char c : plainText(text)) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

}  // namespace

std::string otavaCsv(const History& history) {
  std::map<size_t, std::map<size_t, double>> lines;  // by run: column and ns
  for (size_t column = 0; column < history.series.size(); ++column) {
    const SeriesHistory& series = history.series[column];
    for (size_t i = 0; i < series.points.size(); ++i)
      lines[series.runs[i]][column] = series.points[i].medianNs;
  }
  std::vector<std::string> cells{"time", "commit", "branch"};
  for (const SeriesHistory& series : history.series)
    cells.push_back(fmt::format("series_{}", series.series.id));
  std::string csv = csvLine(cells);
  std::vector<double> latest;
  for (const SeriesHistory& series : history.series) latest.push_back(series.points.front().medianNs);
  for (const auto& [run, values] : lines) {
    const db::HistoryRun& r = history.runs[run];
    cells = {csvText(isoTime(r.startedUtcNs)), csvText(r.gitCommit), csvText(r.branch)};
    for (const auto& [column, ns] : values) latest[column] = ns;
    for (const double ns : latest) cells.push_back(csvNumber(ns));
    csv += csvLine(cells);
  }
  return csv;
}

std::string otavaConfig(const History& history, const std::string& csvFile) {
  std::string yaml = fmt::format(
      "tests:\n  kernels:\n    type: csv\n    file: {}\n    time_column: time\n"
      "    attributes: [commit, branch]\n    metrics:\n",
      quoted(csvFile));
  for (const SeriesHistory& series : history.series)
    yaml += fmt::format("      series_{0}:  # {1}\n        column: series_{0}\n        direction: -1\n",
                        series.series.id, plainText(series.series.description));
  return yaml + "    csv_options:\n      delimiter: ','\n      quote_char: '\"'\n";
}

}  // namespace ditscope::analyzer
