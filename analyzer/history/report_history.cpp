// SPDX-License-Identifier: Apache-2.0
#include "analyzer/history/report_history.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "analyzer/format.h"
#include "analyzer/guard/verdict.h"
#include "analyzer/text_table.h"

namespace ditscope::analyzer {
namespace {

constexpr size_t kShownSeries = 30;

std::string strip(const SeriesHistory& series, const TextStyle& style) {
  std::vector<double> values;
  Range range{};
  for (const db::HistoryPoint& point : series.points) values.push_back(std::log(point.medianNs));
  const auto [least, most] = std::ranges::minmax(values);
  // Noise far below what matters would fill the strip.
  const double middle = (least + most) / 2, half = std::max((most - least) / 2, series.floor);
  range.lo = middle - half;
  range.hi = middle + half;
  return heatStrip(values, range, style);
}

const HistoryChange* lastOpen(const SeriesHistory& series) {
  const HistoryChange* last = nullptr;
  for (const HistoryChange& change : series.changes)
    if (change.state == ChangeState::Open) last = &change;
  return last;
}

Emphasis emphasisOf(const HistoryChange& change) {
  return change.isSlower() ? Emphasis::Bad : Emphasis::Good;
}

std::string changeText(const History& history, const SeriesHistory& series, const HistoryChange& change,
                       const TextStyle& style) {
  const db::HistoryRun& run = history.runs[series.runs[change.point.index]];
  const std::string what = change.state == ChangeState::Open
                               ? emphasise(change.isSlower() ? "SLOWER" : "FASTER", emphasisOf(change), style)
                               : std::string(nameOf(change.state));
  std::string text = fmt::format("    {} {} from {} on (run {}, {}): {}\n", what,
                                 formatShift(change.point.change()), formatUtc(run.startedUtcNs), run.id,
                                 shortCommit(run), plainText(bisectHint(history, series, change)));
  if (!change.note.empty()) text += "      " + plainText(change.note) + "\n";
  return text;
}

// Slower ones first, then faster ones, then the rest; the largest change first.
std::vector<const SeriesHistory*> worstFirst(const History& history) {
  std::vector<const SeriesHistory*> order;
  for (const SeriesHistory& series : history.series) order.push_back(&series);
  const auto rank = [](const SeriesHistory* series) {
    const HistoryChange* open = lastOpen(*series);
    if (open == nullptr) return std::pair(series->changes.empty() ? 3 : 2, 0.0);
    return std::pair(open->isSlower() ? 0 : 1, -std::abs(open->point.change()));
  };
  std::ranges::stable_sort(order, {}, rank);
  return order;
}

}  // namespace

std::string shortCommit(const db::HistoryRun& run) {
  return run.gitCommit.empty() ? std::string(kNoValue) : plainText(run.gitCommit.substr(0, 10));
}

int64_t countOpenSlower(const History& history) {
  return std::ranges::count_if(history.series, &SeriesHistory::isOpenSlower);
}

std::string historyText(const History& history, bool all, const TextStyle& style) {
  std::string text = fmt::format("{}, {}", plural(int64_t(history.runs.size()), "run"),
                                 plural(int64_t(history.series.size()), "series", "series"));
  if (!history.runs.empty())
    text += fmt::format(", {} to {}", formatUtc(history.runs.front().startedUtcNs),
                        formatUtc(history.runs.back().startedUtcNs));
  const int64_t slower = countOpenSlower(history);
  text += fmt::format(
      "\n{}\n", slower == 0 ? emphasise("no open change to slower", Emphasis::Good, style)
                            : emphasise(fmt::format("{} got slower", plural(slower, "series", "series")),
                                        Emphasis::Bad, style));
  size_t shown = 0, hidden = 0, same = 0;
  for (const SeriesHistory* series : worstFirst(history)) {
    if (series->changes.empty() && !all) {
      ++same;
      continue;
    }
    if (!all && shown >= kShownSeries) {
      ++hidden;
      continue;
    }
    ++shown;
    text += fmt::format("\n{:>5}  {}  on {}\n       {} now, {}  {}\n", series->series.id,
                        shortenedName(series->series.description), plainText(series->series.device),
                        formatDuration(series->level()), plural(int64_t(series->points.size()), "point"),
                        strip(*series, style));
    for (const HistoryChange& change : series->changes) text += changeText(history, *series, change, style);
  }
  if (hidden > 0) text += fmt::format("\n... and {} more that changed\n", hidden);
  if (same > 0)
    text +=
        fmt::format("\n{} did not change (--all lists them)\n", plural(int64_t(same), "series", "series"));
  return text;
}

}  // namespace ditscope::analyzer
