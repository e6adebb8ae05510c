// SPDX-License-Identifier: Apache-2.0
#include "analyzer/head_table.h"

#include <algorithm>
#include <cmath>

namespace ditscope::analyzer {
namespace {

bool matches(const HeadTable& t, size_t i, const db::HeadFilter& f) {
  return (!f.step || *f.step == t.step[i]) && (!f.layer || *f.layer == t.layer[i]) &&
         (!f.head || *f.head == t.head[i]) && (!f.branch || *f.branch == t.branch[i]);
}

CellKey keyOf(const HeadTable& t, size_t i, Axis axis) {
  switch (axis) {
    case Axis::Step:
      return {.step = t.step[i]};
    case Axis::Layer:
      return {.layer = t.layer[i]};
    case Axis::Head:
      return {.head = t.head[i]};
    case Axis::LayerHead:
      return {.layer = t.layer[i], .head = t.head[i]};
  }
  return {};
}

double reduced(const Summary& summary, Quantity quantity) {
  if (summary.count == 0) return kNaN;
  return info(quantity).reduce == Reduce::Sum ? summary.sum : summary.mean();
}

// The distinct keys of the chosen cells in ascending order.
std::vector<CellKey> keysOf(const HeadTable& table, Axis axis, std::span<const size_t> cells) {
  std::vector<CellKey> keys;
  keys.reserve(cells.size());
  for (const size_t i : cells) keys.push_back(keyOf(table, i, axis));
  std::ranges::sort(keys);
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  return keys;
}

size_t indexOf(std::span<const CellKey> keys, const CellKey& key) {
  return static_cast<size_t>(std::ranges::lower_bound(keys, key) - keys.begin());
}

std::vector<size_t> select(const HeadTable& table, const db::HeadFilter& filter) {
  std::vector<size_t> cells;
  for (size_t i = 0; i < table.size(); ++i)
    if (matches(table, i, filter)) cells.push_back(i);
  return cells;
}

}  // namespace

HeadTable makeHeadTable(std::span<const db::HeadRow> rows) {
  HeadTable table;
  for (const db::HeadRow& row : rows) {
    table.step.push_back(row.step);
    table.layer.push_back(row.layer);
    table.head.push_back(row.head);
    table.branch.push_back(row.branch);
    table.callId.push_back(row.callId);
    table.timeMethod.push_back(row.stats.timeMethod);
    table.decision.push_back(row.decision);
  }
  for (const QuantityInfo& q : quantities()) {
    std::vector<double>& column = table.values[static_cast<size_t>(q.quantity)];
    column.reserve(rows.size());
    for (const db::HeadRow& row : rows) column.push_back(valueOf(row, q.quantity));
  }
  return table;
}

double Group::value(Quantity q) const {
  return reduced((*this)[q], q);
}

std::vector<Group> groupCells(const HeadTable& table, Axis by, const db::HeadFilter& filter) {
  const std::vector<size_t> cells = select(table, filter);
  const std::vector<CellKey> keys = keysOf(table, by, cells);
  std::vector<Group> groups(keys.size());
  for (size_t g = 0; g < keys.size(); ++g) groups[g].key = keys[g];
  for (const size_t i : cells) {
    Group& group = groups[indexOf(keys, keyOf(table, i, by))];
    if (group.cells++ == 0)
      group.timeMethod = table.timeMethod[i];
    else if (group.timeMethod != table.timeMethod[i])
      group.timeMethod = std::nullopt;
    group.decisions.add(table.decision[i]);
    for (size_t q = 0; q < kQuantityCount; ++q) group.values[q].add(table.values[q][i]);
  }
  return groups;
}

void sortWorstFirst(std::vector<Group>& groups, Quantity quantity) {
  const double sign = info(quantity).worse == Worse::Lower ? 1 : -1;
  std::ranges::stable_sort(groups, [&](const Group& a, const Group& b) {
    const double x = a.value(quantity);
    const double y = b.value(quantity);
    if (std::isnan(x) || std::isnan(y)) return !std::isnan(x) && std::isnan(y);
    return sign * x < sign * y;
  });
}

Grid makeGrid(const HeadTable& table, Quantity quantity, Axis rows, Axis cols, const db::HeadFilter& filter) {
  const std::vector<size_t> cells = select(table, filter);
  Grid grid{.rowKeys = keysOf(table, rows, cells), .colKeys = keysOf(table, cols, cells), .values = {}};
  std::vector<Summary> sums(grid.rows() * grid.cols());
  for (const size_t i : cells) {
    const size_t row = indexOf(grid.rowKeys, keyOf(table, i, rows));
    const size_t col = indexOf(grid.colKeys, keyOf(table, i, cols));
    sums[row * grid.cols() + col].add(table.column(quantity)[i]);
  }
  grid.values.reserve(sums.size());
  for (const Summary& sum : sums) grid.values.push_back(reduced(sum, quantity));
  return grid;
}

Range colourRange(Quantity quantity, std::span<const double> values) {
  const QuantityInfo& q = info(quantity);
  Summary summary;
  for (const double value : values) summary.add(value);
  if (q.scale == ColourScale::Diverging) {
    const double reach = summary.count == 0 ? 1 : std::max(std::abs(summary.min), std::abs(summary.max));
    return reach > 0 ? Range{-reach, reach} : Range{-1, 1};
  }
  Range range{q.lo, q.hi};
  if (std::isnan(range.lo)) range.lo = summary.count == 0 ? 0 : summary.min;
  if (std::isnan(range.hi)) range.hi = summary.max;
  if (!(range.hi > range.lo)) range.hi = range.lo + 1;
  return range;
}

}  // namespace ditscope::analyzer
