// SPDX-License-Identifier: Apache-2.0
#include "analyzer/history/history.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <unordered_map>

#include "analyzer/guard/verdict.h"
#include "analyzer/statistics.h"
#include "db/trace_reader.h"

namespace ditscope::analyzer {
namespace {

constexpr size_t kMarkReach = 2;  // points between a mark and the change that it means

using Marks = std::map<std::pair<int64_t, int64_t>, db::HistoryMark>;  // by series and run

struct PlacedMark {
  size_t index = 0;
  const db::HistoryMark* mark = nullptr;
};

std::vector<PlacedMark> marksOf(const SeriesHistory& series, const Marks& marks) {
  std::vector<PlacedMark> placed;
  auto mark = marks.lower_bound({series.series.id, INT64_MIN});
  for (; mark != marks.end() && mark->first.first == series.series.id; ++mark) {
    const auto point = std::ranges::find(series.points, mark->first.second, &db::HistoryPoint::runId);
    if (point != series.points.end() && point != series.points.begin())
      placed.push_back({size_t(point - series.points.begin()), &mark->second});
  }
  std::ranges::sort(placed, {}, &PlacedMark::index);
  return placed;
}

// Between two accepted changes: what the search finds, and what was rejected of it.
void addFound(SeriesHistory& series, std::span<const double> values, size_t begin, size_t end,
              std::span<const PlacedMark> marks, const ChangePointRule& rule) {
  for (ChangePoint point : changePoints(values.subspan(begin, end - begin), rule)) {
    point.index += begin;
    HistoryChange change{.point = point, .state = ChangeState::Open, .note = {}};
    for (const PlacedMark& placed : marks) {
      const size_t distance = std::max(placed.index, point.index) - std::min(placed.index, point.index);
      if (placed.mark->accepted || distance > kMarkReach) continue;
      change.state = ChangeState::Rejected;
      change.note = placed.mark->note;
    }
    series.changes.push_back(std::move(change));
  }
}

void findChanges(SeriesHistory& series, const Marks& marks) {
  std::vector<double> values;
  for (const db::HistoryPoint& point : series.points) values.push_back(std::log(point.medianNs));
  if (values.empty()) return;
  series.floor = effectFloor(std::exp(quantile(values, 0.5)), false);
  const ChangePointRule rule{.least = series.floor};
  const std::vector<PlacedMark> placed = marksOf(series, marks);
  size_t begin = 0;
  const auto segment = [&](size_t end) { addFound(series, values, begin, end, placed, rule); };
  for (const PlacedMark& cut : placed) {
    if (!cut.mark->accepted || cut.index <= begin) continue;
    segment(cut.index);
    series.changes.push_back({{cut.index, 0, 0, 0}, ChangeState::Accepted, cut.mark->note});
    begin = cut.index;
  }
  segment(values.size());
  // Levels of accepted changes lie between their neighbours, found or accepted.
  for (size_t i = 0; i < series.changes.size(); ++i) {
    ChangePoint& point = series.changes[i].point;
    const size_t from = i == 0 ? 0 : series.changes[i - 1].point.index;
    const size_t to = i + 1 == series.changes.size() ? values.size() : series.changes[i + 1].point.index;
    point.before = meanOf(std::span(values).subspan(from, point.index - from));
    point.after = meanOf(std::span(values).subspan(point.index, to - point.index));
  }
}

bool isWanted(const db::HistorySeries& series, const HistoryQuery& query) {
  if (query.series && series.id != *query.series) return false;
  return query.kernels.empty() || std::ranges::any_of(query.kernels, [&](const std::string& text) {
           return series.description.find(text) != std::string::npos;
         });
}

// Points of the wanted series and runs, each series in order of time.
void readPoints(const db::HistoryFile& file, const HistoryQuery& query, History& history) {
  std::unordered_map<int64_t, size_t> places, orders;  // of series and runs, by id
  for (const db::HistorySeries& series : file.series()) {
    if (!isWanted(series, query)) continue;
    places[series.id] = history.series.size();
    history.series.emplace_back().series = series;
  }
  for (size_t i = 0; i < history.runs.size(); ++i)
    if (!query.branch || history.runs[i].branch == *query.branch) orders[history.runs[i].id] = i;
  file.forEachPoint([&](const db::HistoryPoint& point) {
    const auto place = places.find(point.seriesId);
    const auto order = orders.find(point.runId);
    if (place == places.end() || order == orders.end()) return;
    history.series[place->second].points.push_back(point);
    history.series[place->second].runs.push_back(order->second);
  });
  for (SeriesHistory& series : history.series) {
    if (std::ranges::is_sorted(series.runs)) continue;
    std::vector<std::pair<size_t, db::HistoryPoint>> both;
    for (size_t i = 0; i < series.points.size(); ++i) both.emplace_back(series.runs[i], series.points[i]);
    std::ranges::sort(both, {}, &std::pair<size_t, db::HistoryPoint>::first);
    for (size_t i = 0; i < both.size(); ++i) std::tie(series.runs[i], series.points[i]) = both[i];
  }
  std::erase_if(history.series, [](const SeriesHistory& series) { return series.points.empty(); });
}

}  // namespace

std::string_view nameOf(ChangeState state) {
  switch (state) {
    case ChangeState::Accepted:
      return "accepted";
    case ChangeState::Rejected:
      return "rejected";
    case ChangeState::Open:
      break;
  }
  return "open";
}

bool SeriesHistory::isOpenSlower() const {
  const auto last =
      std::ranges::find(changes.rbegin(), changes.rend(), ChangeState::Open, &HistoryChange::state);
  return last != changes.rend() && last->isSlower();
}

double SeriesHistory::level() const {
  size_t begin = 0;
  for (const HistoryChange& change : changes)
    if (change.state != ChangeState::Rejected) begin = change.point.index;
  if (points.empty()) return kNaN;
  std::vector<double> medians;
  for (const db::HistoryPoint& point : std::span(points).subspan(begin)) medians.push_back(point.medianNs);
  return quantile(std::move(medians), 0.5);
}

History readHistory(const db::HistoryFile& file, const HistoryQuery& query, const Progress& progress) {
  History history;
  history.runs = file.runs();
  history.baselines = file.baselines();
  readPoints(file, query, history);
  if (!query.changes) return history;
  Marks marks;
  for (const db::HistoryMark& mark : file.marks()) marks[{mark.seriesId, mark.runId}] = mark;
  for (size_t i = 0; i < history.series.size(); ++i) {
    if (progress && i % 64 == 0 && !progress(int64_t(i), int64_t(history.series.size())))
      throw db::Cancelled();
    findChanges(history.series[i], marks);
  }
  return history;
}

std::string bisectHint(const History& history, const SeriesHistory& series, const HistoryChange& change) {
  const size_t index = change.point.index;
  const db::HistoryRun &before = history.runs[series.runs[index - 1]],
                       &after = history.runs[series.runs[index]];
  if (before.machine != after.machine)
    return fmt::format("not only the code changed: {} -> {}", before.machine, after.machine);
  if (before.gitCommit.empty() || after.gitCommit.empty()) return "the commits of the runs are not known";
  if (before.gitCommit == after.gitCommit) return "both runs are of one commit: not the code changed";
  return fmt::format("git bisect start {} {}", after.gitCommit.substr(0, 12), before.gitCommit.substr(0, 12));
}

}  // namespace ditscope::analyzer
