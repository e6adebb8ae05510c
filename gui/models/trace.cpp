// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/models/trace.h"

#include <algorithm>
#include <set>

namespace ditscope::gui {
namespace {

template <class T>
const T* byIndex(const std::vector<T>& sorted, int index) {
  const auto at = std::lower_bound(sorted.begin(), sorted.end(), index,
                                   [](const T& entry, int value) { return entry.index < value; });
  return at != sorted.end() && at->index == index ? &*at : nullptr;
}

int blockCount(int64_t length, int32_t block) {
  return block > 0 ? int((length + block - 1) / block) : 0;
}

Selection::Extent extentOf(const Trace& trace) {
  Selection::Extent extent;
  std::set<int> steps, layers;
  std::set<db::Branch> branches;
  for (const db::AttnCall& call : trace.facts.calls) {
    steps.insert(call.step);
    branches.insert(call.branch);
    extent.queryBlocks = std::max(extent.queryBlocks, blockCount(call.qLen, call.blockQ));
    extent.keyBlocks = std::max(extent.keyBlocks, blockCount(call.kvLen, call.blockK));
  }
  // Calls recorded as times alone, such as cross attention, have no heads to show.
  for (size_t row = 0; row < trace.table.size(); ++row) {
    layers.insert(trace.table.layer[row]);
    extent.heads = std::max(extent.heads, trace.table.head[row] + 1);
  }
  extent.steps.assign(steps.begin(), steps.end());
  extent.layers.assign(layers.begin(), layers.end());
  extent.branches.assign(branches.begin(), branches.end());
  return extent;
}

void indexCalls(Trace& trace) {
  for (size_t i = 0; i < trace.facts.calls.size(); ++i) {
    const db::AttnCall& call = trace.facts.calls[i];
    trace.calls[{call.step, call.layer, call.branch}].call = i;
  }
  const analyzer::HeadTable& table = trace.table;
  for (size_t row = 0; row < table.size(); ++row) {
    const auto found = trace.calls.find({table.step[row], table.layer[row], table.branch[row]});
    if (found == trace.calls.end()) continue;
    if (found->second.rows++ == 0) found->second.firstRow = row;
  }
}

}  // namespace

Cell Trace::startCell() const {
  Cell cell;
  if (!extent.steps.empty()) cell.step = extent.steps[extent.steps.size() / 2];
  if (!extent.layers.empty()) cell.layer = extent.layers.front();
  if (!extent.branches.empty()) cell.branch = extent.branches.front();
  return cell;
}

const db::Step* Trace::step(int index) const {
  return byIndex(facts.steps, index);
}
const db::Layer* Trace::layer(int index) const {
  return byIndex(facts.layers, index);
}

const db::AttnCall* Trace::call(int step, int layer, db::Branch branch) const {
  const auto found = calls.find({step, layer, branch});
  return found == calls.end() ? nullptr : &facts.calls[found->second.call];
}

std::optional<size_t> Trace::row(const Cell& cell) const {
  const auto found = calls.find({cell.step, cell.layer, cell.branch});
  if (found == calls.end()) return std::nullopt;
  const auto first = table.head.begin() + std::ptrdiff_t(found->second.firstRow);
  const auto last = first + std::ptrdiff_t(found->second.rows);
  const auto at = std::lower_bound(first, last, cell.head);
  if (at == last || *at != cell.head) return std::nullopt;
  return size_t(at - table.head.begin());
}

double Trace::value(const Cell& cell, analyzer::Quantity quantity) const {
  const std::optional<size_t> at = row(cell);
  return at ? table.column(quantity)[*at] : analyzer::kNaN;
}

TracePtr loadTrace(const std::filesystem::path& path, const std::function<bool()>& cancelled,
                   const std::function<void(LoadPhase)>& phase) {
  const auto enter = [&](LoadPhase next) {
    if (cancelled && cancelled()) throw db::Cancelled();
    if (phase) phase(next);
  };
  enter(LoadPhase::Opening);
  const db::TraceReader reader(path, {.quickCheck = false, .cancelled = cancelled});
  enter(LoadPhase::Reading);
  auto trace = std::make_shared<Trace>();
  trace->path = path;
  trace->facts = analyzer::readFacts(reader);
  enter(LoadPhase::Preparing);
  trace->summary = analyzer::summarise(trace->facts);
  trace->table = analyzer::makeHeadTable(trace->facts.heads);
  trace->facts.heads = {};  // the table holds the same numbers as columns
  indexCalls(*trace);
  trace->extent = extentOf(*trace);
  enter(LoadPhase::Done);
  return trace;
}

void checkTrace(const std::filesystem::path& path, const std::function<bool()>& cancelled) {
  const db::TraceReader reader(path, {.quickCheck = true, .cancelled = cancelled});
}

}  // namespace ditscope::gui
