// SPDX-License-Identifier: Apache-2.0
#include "analyzer/exchange/cell_groups.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace ditscope::analyzer {
namespace {

using Flat = std::vector<int32_t>;  // first, last, first, last, ...

void extend(Flat& ranges, int32_t index) {  // indices come in rising order
  if (!ranges.empty() && ranges.back() + 1 == index)
    ranges.back() = index;
  else
    ranges.insert(ranges.end(), {index, index});
}

std::vector<db::IndexRange> toRanges(const Flat& flat, int32_t count) {
  if (flat == Flat{0, count - 1}) return {};
  std::vector<db::IndexRange> ranges;
  for (size_t i = 0; i < flat.size(); i += 2) ranges.push_back({flat[i], flat[i + 1]});
  return ranges;
}

// Cells merge along heads, then steps, then layers, then branches: what most files repeat comes first.
class Grouper {
 public:
  Grouper(const CellExtent& extent, std::span<const uint32_t> ids) : m_extent(extent), m_ids(ids) {}

  std::vector<CellGroup> groups() {
    for (int32_t branch = 0; branch < 2; ++branch)
      for (int32_t layer = 0; layer < m_extent.layers; ++layer) addLayer(branch, layer);
    std::map<std::tuple<int32_t, int32_t, Flat, Flat, uint32_t>, int> branches;  // bits
    for (const auto& [key, layers] : m_layers) {
      const auto& [branch, first, last, heads, id] = key;
      branches[{first, last, layers, heads, id}] |= 1 << branch;
    }
    std::vector<CellGroup> groups;
    for (const auto& [key, bits] : branches) {
      const auto& [first, last, layers, heads, id] = key;
      CellGroup& group = groups.emplace_back();
      group.id = id;
      if (first != 0 || last != m_extent.steps - 1) group.cells.steps = db::IndexRange{first, last};
      group.cells.layers = toRanges(layers, m_extent.layers);
      group.cells.heads = toRanges(heads, m_extent.heads);
      if (bits != 3) group.cells.branch = bits == 1 ? db::Branch::Cond : db::Branch::Uncond;
    }
    return groups;
  }

 private:
  using Runs = std::map<std::pair<uint32_t, Flat>, int32_t>;  // id and heads -> first step

  void addLayer(int32_t branch, int32_t layer) {
    Runs open;
    for (int32_t step = 0; step < m_extent.steps; ++step) {
      const auto begin = m_ids.begin() + int64_t(m_extent.place({step, layer, 0, db::Branch(branch)}));
      std::map<uint32_t, Flat> heads;
      for (int32_t head = 0; head < m_extent.heads; ++head)
        if (begin[head] != 0) extend(heads[begin[head]], head);
      Runs next;
      for (auto& [id, flat] : heads) {
        const auto before = open.find({id, flat});
        const int32_t first = before == open.end() ? step : before->second;
        next.emplace(std::pair(id, std::move(flat)), first);
      }
      for (const auto& [key, first] : open)
        if (!next.contains(key)) close(branch, layer, key, first, step - 1);
      open = std::move(next);
    }
    for (const auto& [key, first] : open) close(branch, layer, key, first, m_extent.steps - 1);
  }

  void close(int32_t branch, int32_t layer, const Runs::key_type& run, int32_t first, int32_t last) {
    extend(m_layers[{branch, first, last, run.second, run.first}], layer);
  }

  const CellExtent& m_extent;
  std::span<const uint32_t> m_ids;
  std::map<std::tuple<int32_t, int32_t, int32_t, Flat, uint32_t>, Flat> m_layers;
};

}  // namespace

std::vector<CellGroup> groupCells(const CellExtent& extent, std::span<const uint32_t> ids) {
  return Grouper(extent, ids).groups();
}

std::string rangesText(const std::vector<db::IndexRange>& ranges, char separator) {
  std::string text;
  for (const db::IndexRange& range : ranges) {
    if (!text.empty()) text += separator;
    text += fmt::format("{}", range.first);
    if (range.last != range.first) text += fmt::format("-{}", range.last);
  }
  return text;
}

}  // namespace ditscope::analyzer
