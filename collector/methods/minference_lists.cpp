// SPDX-License-Identifier: Apache-2.0
// Masks of whole blocks and single columns as lists of the kernel.
#include <algorithm>

#include "collector/methods/minference_patterns.h"

namespace ditscope::collector {
namespace {

using kernels::BlockListStorage;

// Appends the bits of key block t, the same in each row; false when no column of it is chosen.
bool appendColumns(const std::vector<uint8_t>& columns, int64_t t, int64_t block, BlockListStorage& lists) {
  const int64_t begin = t * block;
  const int64_t end = std::min<int64_t>(begin + block, int64_t(columns.size()));
  const bool any = begin < end && std::count(columns.begin() + begin, columns.begin() + end, uint8_t{1}) > 0;
  if (!any) return false;
  const size_t start = lists.partialBits.size();
  lists.partialBits.resize(start + size_t(block * block / 64));
  for (int64_t row = 0; row < block; ++row) {
    for (int64_t j = begin; j < end; ++j) {
      const int64_t bit = row * block + j - begin;
      if (columns[size_t(j)] != 0) lists.partialBits[start + size_t(bit / 64)] |= uint64_t{1} << (bit % 64);
    }
  }
  return true;
}

// The lists of one head behind those before it. kept: [query blocks][key blocks].
void appendHead(const uint8_t* kept, const kernels::BlockGrid& grid, const std::vector<uint8_t>& columns,
                BlockListStorage& lists) {
  std::vector<int64_t> offsets(size_t(grid.kBlocks), -1);  // of each key block's bits
  for (int64_t t = 0; t < grid.kBlocks && !columns.empty(); ++t) {
    const auto offset = int64_t(lists.partialBits.size());
    if (appendColumns(columns, t, lists.kBlock, lists)) offsets[size_t(t)] = offset;
  }
  for (int64_t g = 0; g < grid.qBlocks; ++g, kept += grid.kBlocks) {
    for (int64_t t = 0; t < grid.kBlocks; ++t) {
      const int64_t offset = offsets[size_t(t)];
      if (kept[t] == 0 && offset < 0) continue;
      lists.entry.push_back(uint32_t(t) | (kept[t] != 0 ? 0 : kernels::kPartialEntry));
      lists.partialOffset.push_back(std::max<int64_t>(offset, 0));
    }
    lists.rowStart.push_back(int32_t(lists.entry.size()));
  }
}

}  // namespace

std::shared_ptr<const BlockListStorage> toLists(const std::vector<HeadMask>& heads, const MethodCall& call) {
  BlockChoice choice(call, int64_t(heads.size()));
  const int64_t perHead = choice.grid.qBlocks * choice.grid.kBlocks;
  for (size_t h = 0; h < heads.size(); ++h)
    std::copy(heads[h].blocks.begin(), heads[h].blocks.end(), choice.row(int64_t(h), 0));
  keepText(choice, call);
  if (std::ranges::all_of(heads, [](const HeadMask& mask) { return mask.columns.empty(); }))
    return toLists(choice, call);
  auto lists = std::make_shared<BlockListStorage>();
  lists->qBlock = lists->kBlock = call.block;
  lists->headStride = heads.size() > 1 ? choice.grid.qBlocks : 0;
  lists->rowStart.push_back(0);
  for (size_t h = 0; h < heads.size(); ++h)
    appendHead(&choice.kept[h * size_t(perHead)], choice.grid, heads[h].columns, *lists);
  return lists;
}

}  // namespace ditscope::collector
