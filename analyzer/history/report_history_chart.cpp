// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "analyzer/format.h"
#include "analyzer/history/report_history.h"

namespace ditscope::analyzer {
namespace {

constexpr size_t kRows = 9, kColumns = 100;  // of a chart
constexpr size_t kLabel = 12;                // characters of the axis

// Neighbouring points share a column where there are more than fit.
size_t columnOf(size_t point, size_t points) {
  return points <= kColumns ? point : point * kColumns / points;
}

std::string rowText(const std::string& cells, const TextStyle& style) {
  std::string text;
  for (const char c : cells) {
    if (!style.unicode) {
      text += c;
    } else {
      text += c == 'o' ? "●" : c == '|' ? "┊" : std::string(1, c);
    }
  }
  while (text.ends_with(' ')) text.pop_back();
  return text + "\n";
}

std::string chart(const History& history, const SeriesHistory& series, const TextStyle& style) {
  std::vector<double> values;
  for (const db::HistoryPoint& point : series.points) values.push_back(std::log(point.medianNs));
  const auto [least, most] = std::ranges::minmax(values);
  const double middle = (least + most) / 2, half = std::max((most - least) / 2, series.floor);
  const double low = middle - half, step = std::max(1e-12, 2 * half / double(kRows - 1));
  const size_t columns = std::min(kColumns, values.size());
  std::vector<std::string> rows(kRows, std::string(columns, ' '));
  for (const HistoryChange& change : series.changes)
    for (std::string& row : rows) row[columnOf(change.point.index, values.size())] = '|';
  for (size_t i = 0; i < values.size(); ++i) {
    const auto row = size_t(std::clamp(std::lround((values[i] - low) / step), 0L, long(kRows) - 1));
    rows[kRows - 1 - row][columnOf(i, values.size())] = 'o';
  }
  std::string text = fmt::format("\n{}  {}  on {}\n", series.series.id, plainText(series.series.description),
                                 plainText(series.series.device));
  for (size_t i = 0; i < kRows; ++i) {
    const bool labelled = i % 4 == 0;
    const double ns = std::exp(low + double(kRows - 1 - i) * step);
    text += fmt::format("{:>{}} {} ", labelled ? formatDuration(ns) : "", kLabel, style.unicode ? "│" : "|") +
            rowText(rows[i], style);
  }
  text += fmt::format("{:>{}}   {} ... {}\n", "", kLabel,
                      formatUtc(history.runs[series.runs.front()].startedUtcNs),
                      formatUtc(history.runs[series.runs.back()].startedUtcNs));
  return text;
}

}  // namespace

std::string historyChart(const History& history, size_t most, const TextStyle& style) {
  std::string text;
  for (size_t i = 0; i < std::min(most, history.series.size()); ++i)
    text += chart(history, history.series[i], style);
  if (history.series.size() > most)
    text += fmt::format("\n... and {} more; --kernel or --series chooses\n", history.series.size() - most);
  return text;
}

}  // namespace ditscope::analyzer
