// SPDX-License-Identifier: Apache-2.0
// All cells (step, layer, branch, head) of a run as columns, and the tables and grids made from them.
// Cells that were not measured are NaN; aggregation leaves them out and counts them (Summary).
#pragma once

#include <array>
#include <compare>
#include <span>
#include <vector>

#include "analyzer/decision_counts.h"
#include "analyzer/quantity.h"
#include "analyzer/statistics.h"
#include "db/trace_reader.h"

namespace ditscope::analyzer {

struct HeadTable {  // every vector has one entry a cell; ordered by step, layer, branch, head
  std::vector<int32_t> step, layer, head;
  std::vector<db::Branch> branch;
  std::vector<int64_t> callId;
  std::vector<db::TimeMethod> timeMethod;
  std::vector<db::HeadDecision> decision;
  std::array<std::vector<double>, kQuantityCount> values;

  [[nodiscard]] size_t size() const { return step.size(); }
  [[nodiscard]] const std::vector<double>& column(Quantity q) const { return values[static_cast<size_t>(q)]; }
};
[[nodiscard]] HeadTable makeHeadTable(std::span<const db::HeadRow> rows);

// Where a row of a table or grid stands; -1 = all of them.
struct CellKey {
  int32_t step = -1;
  int32_t layer = -1;
  int32_t head = -1;
  // NOLINTNEXTLINE(modernize-use-nullptr): clang-tidy 14 takes the 0 that <=> is compared with for a pointer.
  friend auto operator<=>(const CellKey&, const CellKey&) = default;
};
enum class Axis : uint8_t { Step, Layer, Head, LayerHead };  // Head: the same head index of all layers

struct Group {
  CellKey key;
  int64_t cells = 0;
  std::array<Summary, kQuantityCount> values;
  DecisionCounts decisions;
  std::optional<db::TimeMethod> timeMethod;  // empty when the cells were timed in different ways

  [[nodiscard]] const Summary& operator[](Quantity q) const { return values[static_cast<size_t>(q)]; }
  [[nodiscard]] double value(Quantity q) const;  // mean or sum, as the quantity asks for; NaN when none
};
[[nodiscard]] std::vector<Group> groupCells(const HeadTable& table, Axis by,
                                            const db::HeadFilter& filter = {});
// Worst first (largest first where neither end is worse); groups without a value last, ties in key order.
void sortWorstFirst(std::vector<Group>& groups, Quantity quantity);

// Two axes, one value: layer x head at a step, step x layer, ... Branches and other axes are reduced.
struct Grid {
  std::vector<CellKey> rowKeys, colKeys;  // ascending, only those that occur
  std::vector<double> values;             // [rows][cols], NaN where nothing was measured
  [[nodiscard]] size_t rows() const { return rowKeys.size(); }
  [[nodiscard]] size_t cols() const { return colKeys.size(); }
  [[nodiscard]] double at(size_t row, size_t col) const { return values[row * cols() + col]; }
  [[nodiscard]] std::span<const double> row(size_t r) const { return {values.data() + r * cols(), cols()}; }
};
[[nodiscard]] Grid makeGrid(const HeadTable& table, Quantity quantity, Axis rows, Axis cols,
                            const db::HeadFilter& filter = {});

// The range for colours: the quantity's own, else that of the finite values (symmetric when diverging).
// hi > lo always.
struct Range {
  double lo = 0;
  double hi = 1;
};
[[nodiscard]] Range colourRange(Quantity quantity, std::span<const double> values);

}  // namespace ditscope::analyzer
