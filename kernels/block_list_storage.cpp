// SPDX-License-Identifier: Apache-2.0
#include "kernels/block_list_storage.h"

#include <algorithm>
#include <bit>
#include <stdexcept>

#include "kernels/block_walk.h"

namespace ditscope::kernels {
namespace {

BlockListStorage emptyLists(const BlockGrid& grid, int32_t qBlock, int32_t kBlock, ListSharing sharing) {
  if (sharing.heads < 1 || (grid.lists != 1 && grid.lists % sharing.heads != 0))
    throw std::invalid_argument("block list : the number of lists is no multiple of the number of heads");
  if (grid.blocks() > INT32_MAX) throw std::invalid_argument("block list : more than 2^31 blocks");
  BlockListStorage lists;
  lists.qBlock = qBlock;
  lists.kBlock = kBlock;
  lists.headStride = grid.lists > 1 ? grid.qBlocks : 0;
  lists.batchStride = grid.lists > sharing.heads ? grid.qBlocks * sharing.heads : 0;
  lists.rowStart.reserve(size_t(grid.lists * grid.qBlocks + 1));
  lists.rowStart.push_back(0);
  return lists;
}

int64_t rowsOfHead(const BlockListStorage& lists) {  // of storages that batches share
  return lists.headStride > 0 ? lists.headStride : int64_t(lists.rowStart.size()) - 1;
}

// The rows of one head of `list`, from `first` on, behind those that `joined` has.
void appendHead(const BlockListStorage& list, size_t first, BlockListStorage& joined) {
  const size_t rows = size_t(joined.headStride);
  if (first + rows >= list.rowStart.size())
    throw std::invalid_argument("block list : there is no list of that head");
  const auto begin = size_t(list.rowStart[first]), end = size_t(list.rowStart[first + rows]);
  const size_t before = joined.entry.size();
  if (before + end - begin > INT32_MAX) throw std::invalid_argument("block list : more than 2^31 blocks");
  for (size_t row = 1; row <= rows; ++row)
    joined.rowStart.push_back(int32_t(before + size_t(list.rowStart[first + row]) - begin));
  const auto entry = list.entry.begin();
  joined.entry.insert(joined.entry.end(), entry + std::ptrdiff_t(begin), entry + std::ptrdiff_t(end));
  joined.partialOffset.resize(joined.entry.size());  // lists without a partial entry have no offsets
  if (list.partialOffset.empty()) return;
  int64_t least = INT64_MAX, most = -1;  // entries may share bits, so that their range is taken whole
  for (size_t e = begin; e < end; ++e) {
    if (!(list.entry[e] & kPartialEntry)) continue;
    least = std::min(least, list.partialOffset[e]);
    most = std::max(most, list.partialOffset[e]);
  }
  if (most < 0) return;
  const int64_t shift = int64_t(joined.partialBits.size()) - least;
  for (size_t e = begin; e < end; ++e) {
    if (list.entry[e] & kPartialEntry)
      joined.partialOffset[before + e - begin] = list.partialOffset[e] + shift;
  }
  const int64_t words = int64_t{list.qBlock} * list.kBlock / 64;  // of a partial entry
  const auto bits = list.partialBits.begin();
  joined.partialBits.insert(joined.partialBits.end(), bits + least, bits + most + words);
}

}  // namespace

BlockList BlockListStorage::view() const {
  return {.qBlock = qBlock,
          .kBlock = kBlock,
          .batchStride = batchStride,
          .headStride = headStride,
          .rowStart = rowStart.data(),
          .entry = entry.data(),
          .partialOffset = partialOffset.empty() ? nullptr : partialOffset.data(),
          .partialBits = partialBits.empty() ? nullptr : partialBits.data()};
}

BlockListStorage listFromMask(const BlockGrid& grid, std::span<const uint8_t> kept, int32_t qBlock,
                              int32_t kBlock, ListSharing sharing, std::span<const float> weight) {
  if (int64_t(kept.size()) != grid.blocks() || (!weight.empty() && weight.size() != kept.size()))
    throw std::invalid_argument("block list : the mask or the weights have another size than the grid");
  BlockListStorage lists = emptyLists(grid, qBlock, kBlock, sharing);
  lists.entry.resize(kept.size() - size_t(std::count(kept.begin(), kept.end(), uint8_t(0))));
  size_t end = 0;
  for (int64_t row = 0; row < grid.lists * grid.qBlocks; ++row) {
    const size_t begin = end;
    const uint8_t* keptRow = kept.data() + row * grid.kBlocks;
    for (int64_t t = 0; t < grid.kBlocks; ++t)
      if (keptRow[t]) lists.entry[end++] = uint32_t(t);
    if (!weight.empty()) {
      const float* weightRow = weight.data() + row * grid.kBlocks;
      std::stable_sort(lists.entry.begin() + std::ptrdiff_t(begin), lists.entry.begin() + std::ptrdiff_t(end),
                       [weightRow](uint32_t a, uint32_t b) { return weightRow[a] > weightRow[b]; });
    }
    lists.rowStart.push_back(int32_t(end));
  }
  return lists;
}

BlockListStorage listFromBits(const BlockGrid& grid, std::span<const uint32_t> keptBits, int32_t qBlock,
                              int32_t kBlock, ListSharing sharing) {
  const int64_t words = ceilDiv(grid.kBlocks, 32);
  if (int64_t(keptBits.size()) != grid.lists * grid.qBlocks * words)
    throw std::invalid_argument("block list : the bits have another size than the grid");
  BlockListStorage lists = emptyLists(grid, qBlock, kBlock, sharing);
  for (int64_t row = 0; row < grid.lists * grid.qBlocks; ++row) {
    for (int64_t word = 0; word < words; ++word) {
      for (uint32_t bits = keptBits[size_t(row * words + word)]; bits != 0; bits &= bits - 1)
        lists.entry.push_back(uint32_t(word * 32 + std::countr_zero(bits)));
    }
    lists.rowStart.push_back(int32_t(lists.entry.size()));
  }
  return lists;
}

BlockListStorage joinHeads(std::span<const HeadList> lists) {
  if (lists.empty()) throw std::invalid_argument("block list : no lists to join");
  BlockListStorage joined;
  joined.qBlock = lists.front().of->qBlock;
  joined.kBlock = lists.front().of->kBlock;
  joined.headStride = rowsOfHead(*lists.front().of);
  joined.rowStart.push_back(0);
  for (const auto& [list, head] : lists) {
    if (list->qBlock != joined.qBlock || list->kBlock != joined.kBlock || list->batchStride != 0 ||
        rowsOfHead(*list) != joined.headStride)
      throw std::invalid_argument("block list : lists of different blocks or lengths cannot be joined");
    appendHead(*list, size_t(head * list->headStride), joined);
  }
  if (joined.partialBits.empty()) joined.partialOffset.clear();
  return joined;
}

BlockListStorage joinHeads(std::span<const BlockListStorage* const> lists) {
  std::vector<HeadList> heads;
  for (const BlockListStorage* list : lists) heads.push_back({list});
  return joinHeads(heads);
}

}  // namespace ditscope::kernels
