// SPDX-License-Identifier: Apache-2.0
// A history as it is looked at: its runs in order of time, and of every series the points, where it changed,
// and what people said of that. Times in ns; levels and changes are natural logarithms of them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/history/change_points.h"
#include "analyzer/progress.h"
#include "db/history_file.h"

namespace ditscope::analyzer {

enum class ChangeState : uint8_t { Open, Accepted, Rejected };
[[nodiscard]] std::string_view nameOf(ChangeState state);  // open, accepted, rejected

struct HistoryChange {
  ChangePoint point;  // index: of SeriesHistory::points
  ChangeState state = ChangeState::Open;
  std::string note;
  [[nodiscard]] bool isSlower() const { return point.change() > 0; }
};

struct SeriesHistory {
  db::HistorySeries series;
  std::vector<db::HistoryPoint> points;  // in order of time
  std::vector<size_t> runs;              // beside them, indices of History::runs
  std::vector<HistoryChange> changes;    // ascending
  // Smallest change that matters here, and whether the last open change made it slower.
  double floor = 0;
  [[nodiscard]] bool isOpenSlower() const;
  [[nodiscard]] double level() const;  // ns, since the last change that was not rejected; NaN without points
};

struct History {
  std::vector<db::HistoryRun> runs;  // by time
  std::vector<SeriesHistory> series;
  std::vector<db::HistoryBaseline> baselines;
};

struct HistoryQuery {
  std::vector<std::string> kernels{};   // series whose description holds one of these; empty = all
  std::optional<int64_t> series{};      // only this one, by id
  std::optional<std::string> branch{};  // only its runs
  bool changes = true;                  // look for them
};

// An accepted change cuts its series: what lies before says nothing about what follows. A rejected one is
// kept in the list and else ignored. A mark belongs to the nearest change found, two points away at most,
// because later points can move it. Throws db::Error, db::Cancelled.
[[nodiscard]] History readHistory(const db::HistoryFile& file, const HistoryQuery& query = {},
                                  const Progress& progress = {});

// What lies between the last run before a change and the first after it: how to bisect it, or that something
// else than the code changed.
[[nodiscard]] std::string bisectHint(const History& history, const SeriesHistory& series,
                                     const HistoryChange& change);

}  // namespace ditscope::analyzer
