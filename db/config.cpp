// SPDX-License-Identifier: Apache-2.0
#include "db/config.h"

#include <algorithm>
#include <stdexcept>
#include <tuple>
#include <utility>

namespace ditscope::db {
namespace {

bool selects(const std::vector<IndexRange>& ranges, int32_t index) {
  return ranges.empty() ||
         std::ranges::any_of(ranges, [&](const IndexRange& range) { return range.contains(index); });
}

// The last entry that selects the cell, or null.
template <class Entry>
const Entry* lastFor(const std::vector<Entry>& entries, const Cell& cell) {
  const auto found =
      std::find_if(entries.rbegin(), entries.rend(), [&](const Entry& e) { return e.cells.contains(cell); });
  return found == entries.rend() ? nullptr : &*found;
}

std::vector<IndexRange> orAll(const std::vector<IndexRange>& ranges, int32_t count) {
  return ranges.empty() ? std::vector<IndexRange>{{0, count - 1}} : ranges;
}

}  // namespace

bool CellSelector::contains(const Cell& cell) const {
  return (!steps || steps->contains(cell.step)) && (!branch || *branch == cell.branch) &&
         selects(layers, cell.layer) && selects(heads, cell.head);
}

bool operator==(const ConfigModel& a, const ConfigModel& b) {
  const auto shape = [](const ConfigModel& m) {
    return std::tuple(m.layers, m.heads, m.tokens, m.grid.frames, m.grid.rows, m.grid.cols, m.text.begin,
                      m.text.end);
  };
  return a.className == b.className && shape(a) == shape(b);
}

const MethodChoice& SparsityConfig::resolve(const Cell& cell) const {
  const ConfigOverride* const found = lastFor(overrides, cell);
  return found != nullptr ? found->choice : defaults;
}

StepKind SparsityConfig::kindOf(const Cell& cell) const {
  const ScheduleEntry* const found = lastFor(schedule, cell);
  return found != nullptr ? found->kind : StepKind::Sparse;
}

ConfigTable::ConfigTable(SparsityConfig config)
    : m_config(std::move(config)),
      m_choices(size_t(m_config.cells()), 0),
      m_kinds(size_t(m_config.cells()), StepKind::Sparse) {
  for (size_t i = 0; i < m_config.overrides.size(); ++i)
    paint(m_choices, m_config.overrides[i].cells, uint32_t(i + 1));
  for (const ScheduleEntry& entry : m_config.schedule) paint(m_kinds, entry.cells, entry.kind);
}

template <class Value>
void ConfigTable::paint(std::vector<Value>& table, const CellSelector& cells, Value value) const {
  const IndexRange steps = cells.steps.value_or(IndexRange{0, m_config.steps - 1});
  const std::vector<IndexRange> layers = orAll(cells.layers, m_config.model.layers);
  const std::vector<IndexRange> heads = orAll(cells.heads, m_config.model.heads);
  for (const Branch branch : {Branch::Cond, Branch::Uncond}) {
    if (cells.branch && *cells.branch != branch) continue;
    for (int32_t step = steps.first; step <= steps.last; ++step) {
      for (const IndexRange& range : layers) {
        for (int32_t layer = range.first; layer <= range.last; ++layer) {
          for (const IndexRange& some : heads) {
            const auto first = table.begin() + int64_t(place({step, layer, some.first, branch}));
            std::fill_n(first, some.last - some.first + 1, value);
          }
        }
      }
    }
  }
}

size_t ConfigTable::place(const Cell& cell) const {
  const ConfigModel& model = m_config.model;
  const bool inside = cell.step >= 0 && cell.step < m_config.steps && cell.layer >= 0 &&
                      cell.layer < model.layers && cell.head >= 0 && cell.head < model.heads;
  if (!inside) throw std::out_of_range("ConfigTable: no such cell");
  const auto row = (size_t(cell.branch) * size_t(m_config.steps) + size_t(cell.step)) * size_t(model.layers) +
                   size_t(cell.layer);
  return row * size_t(model.heads) + size_t(cell.head);
}

const MethodChoice& ConfigTable::resolve(const Cell& cell) const {
  const uint32_t choice = m_choices[place(cell)];
  return choice == 0 ? m_config.defaults : m_config.overrides[choice - 1].choice;
}

StepKind ConfigTable::kindOf(const Cell& cell) const {
  return m_kinds[place(cell)];
}

}  // namespace ditscope::db
