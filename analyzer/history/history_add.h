// SPDX-License-Identifier: Apache-2.0
// Puts a trace into a history: one point a series, the median of its launches.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "analyzer/guard/launch_series.h"
#include "db/history_file.h"

namespace ditscope::analyzer {

struct AddOptions {
  ScreeningRule screening;
  std::optional<std::string> branch, commit;  // instead of what the trace says
  std::vector<std::string> kernels;           // only those whose name holds one of these; empty = all
};

struct NewPoints {
  db::HistoryRun run;
  std::vector<std::pair<db::HistorySeries, db::HistoryPoint>> points;
  int64_t tooFew = 0;  // series that have too few samples for a point
};

// A rebuilt kernel (other registers, shared memory) stays in its series.
[[nodiscard]] NewPoints pointsOf(const RunSeries& run, const AddOptions& options);

}  // namespace ditscope::analyzer
