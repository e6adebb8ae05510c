// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/models/selection.h"

#include <algorithm>
#include <utility>

namespace ditscope::gui {
namespace {

// The entry nearest to `value`, the lower one of two; `value` itself when the list is empty.
int nearest(const std::vector<int>& sorted, int value) {
  if (sorted.empty()) return value;
  const auto above = std::lower_bound(sorted.begin(), sorted.end(), value);
  if (above == sorted.begin()) return sorted.front();
  if (above == sorted.end()) return sorted.back();
  const int below = *std::prev(above);
  return int64_t{*above} - value < int64_t{value} - below ? *above : below;
}

int neighbour(const std::vector<int>& sorted, int value, int by) {
  if (sorted.empty()) return value;
  const auto at = std::lower_bound(sorted.begin(), sorted.end(), value) - sorted.begin();
  return sorted[size_t(std::clamp<int64_t>(at + by, 0, int64_t(sorted.size()) - 1))];
}

int clampIndex(int value, int count) {
  return std::clamp(value, 0, std::max(count - 1, 0));
}

}  // namespace

void Selection::setExtent(Extent extent) {
  if (extent == m_extent) return;
  m_extent = std::move(extent);
  hover(std::nullopt);
  emit extentChanged();
  pin(m_pinned);
}

Cell Selection::inside(Cell cell) const {
  cell.run = clampIndex(cell.run, m_extent.runs);
  cell.step = nearest(m_extent.steps, cell.step);
  cell.layer = nearest(m_extent.layers, cell.layer);
  cell.head = clampIndex(cell.head, m_extent.heads);
  const auto& branches = m_extent.branches;
  if (!branches.empty() && std::find(branches.begin(), branches.end(), cell.branch) == branches.end())
    cell.branch = branches.front();
  cell.queryBlock = clampIndex(cell.queryBlock, m_extent.queryBlocks);
  cell.keyBlock = clampIndex(cell.keyBlock, m_extent.keyBlocks);
  return cell;
}

void Selection::pin(Cell cell) {
  cell = inside(cell);
  Parts changed;
  changed.setFlag(Run, cell.run != m_pinned.run);
  changed.setFlag(Step, cell.step != m_pinned.step);
  changed.setFlag(Layer, cell.layer != m_pinned.layer);
  changed.setFlag(Head, cell.head != m_pinned.head);
  changed.setFlag(Branch, cell.branch != m_pinned.branch);
  changed.setFlag(Block, cell.queryBlock != m_pinned.queryBlock || cell.keyBlock != m_pinned.keyBlock);
  if (!changed) return;
  m_pinned = cell;
  emit pinnedChanged(changed);
}

void Selection::hover(const std::optional<Cell>& cell) {
  if (cell == m_hovered) return;
  m_hovered = cell;
  emit hoveredChanged();
}

void Selection::setStep(int step) {
  Cell cell = m_pinned;
  cell.step = step;
  pin(cell);
}

void Selection::setBranch(db::Branch branch) {
  Cell cell = m_pinned;
  cell.branch = branch;
  pin(cell);
}

void Selection::setHead(int layer, int head) {
  Cell cell = m_pinned;
  cell.layer = layer;
  cell.head = head;
  pin(cell);
}

void Selection::setBlock(int queryBlock, int keyBlock) {
  Cell cell = m_pinned;
  cell.queryBlock = queryBlock;
  cell.keyBlock = keyBlock;
  pin(cell);
}

bool Selection::moveStep(int by) {
  const int before = m_pinned.step;
  setStep(neighbour(m_extent.steps, before, by));
  return m_pinned.step != before;
}

bool Selection::moveLayer(int by) {
  const int before = m_pinned.layer;
  setHead(neighbour(m_extent.layers, before, by), m_pinned.head);
  return m_pinned.layer != before;
}

bool Selection::moveHead(int by) {
  const int before = m_pinned.head;
  setHead(m_pinned.layer, before + by);
  return m_pinned.head != before;
}

void Selection::moveBlock(int queryBy, int keyBy) {
  setBlock(m_pinned.queryBlock + queryBy, m_pinned.keyBlock + keyBy);
}

}  // namespace ditscope::gui
