// SPDX-License-Identifier: GPL-3.0-or-later
// A trace in memory as the panes see it: everything but the blobs, read once, never changed afterwards and
// shared between them. Made on a worker thread by loadTrace().
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <tuple>
#include <vector>

#include "analyzer/head_table.h"
#include "analyzer/trace_summary.h"
#include "db/trace_reader.h"
#include "gui/models/selection.h"

namespace ditscope::gui {

struct Trace {
  std::filesystem::path path;
  analyzer::TraceFacts facts;
  analyzer::TraceSummary summary;
  analyzer::HeadTable table;
  Selection::Extent extent;

  // What to show first: the middle of the run, where masks are sparse.
  [[nodiscard]] Cell startCell() const;

  [[nodiscard]] const db::Step* step(int index) const;
  [[nodiscard]] const db::Layer* layer(int index) const;
  [[nodiscard]] const db::AttnCall* call(int step, int layer, db::Branch branch) const;
  // Position of the cell in the table; empty when it was not recorded.
  [[nodiscard]] std::optional<size_t> row(const Cell& cell) const;
  [[nodiscard]] double value(const Cell& cell, analyzer::Quantity quantity) const;  // NaN: not measured

  using CallKey = std::tuple<int, int, db::Branch>;  // step, layer, branch
  struct CallIndex {
    size_t call = 0;                // in facts.calls
    size_t firstRow = 0, rows = 0;  // in table
  };
  std::map<CallKey, CallIndex> calls;
};
using TracePtr = std::shared_ptr<const Trace>;

enum class LoadPhase : int { Opening, Reading, Preparing, Done };

// Throws db::Error for a foreign or newer file, one that is damaged where it is read, and db::Cancelled.
[[nodiscard]] TracePtr loadTrace(const std::filesystem::path& path,
                                 const std::function<bool()>& cancelled = {},
                                 const std::function<void(LoadPhase)>& phase = {});

// Reads every page, which takes longer than loading. Throws as loadTrace() does.
void checkTrace(const std::filesystem::path& path, const std::function<bool()>& cancelled = {});

}  // namespace ditscope::gui
