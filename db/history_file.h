// SPDX-License-Identifier: Apache-2.0
// A history of kernel times in one SQLite file. Treated as hostile as a trace is: header, version and tables
// are checked and values validated as they are read. One object belongs to one thread; several programs may
// use a file at a time, each change is one transaction. All functions throw db::Error.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "db/history_model.h"
#include "db/sqlite.h"

namespace ditscope::db {

class HistoryFile {
 public:
  enum class Access : uint8_t { Read, Write, Create };  // create: makes the file where there is none
  HistoryFile(const std::filesystem::path& path, Access access);

  [[nodiscard]] std::vector<HistoryRun> runs() const;       // by time of start, then id
  [[nodiscard]] std::vector<HistorySeries> series() const;  // by id
  void forEachPoint(const std::function<void(const HistoryPoint&)>& visit) const;  // by series, then run id
  [[nodiscard]] std::vector<HistoryMark> marks() const;                            // by series, then run id
  [[nodiscard]] std::vector<HistoryBaseline> baselines() const;                    // by name and branch

  // Adds a run with its points; ids are given here. Empty when a run of that uuid is there already.
  std::optional<int64_t> add(const HistoryRun& run,
                             std::span<const std::pair<HistorySeries, HistoryPoint>> points);
  void setMark(const HistoryMark& mark);
  void removeMark(int64_t seriesId, int64_t runId);
  void setBaseline(
      const HistoryBaseline& baseline);  // in place of the one of that name and branch; empty removes

 private:
  Connection m_connection;
};

}  // namespace ditscope::db
