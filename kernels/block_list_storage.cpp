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

BlockListStorage joinHeads(std::span<const BlockListStorage* const> lists) {
  if (lists.empty()) throw std::invalid_argument("block list : no lists to join");
  const BlockListStorage& first = *lists.front();
  BlockListStorage joined;
  joined.qBlock = first.qBlock;
  joined.kBlock = first.kBlock;
  joined.headStride = int64_t(first.rowStart.size()) - 1;
  joined.rowStart.push_back(0);
  for (const BlockListStorage* list : lists) {
    if (list->qBlock != first.qBlock || list->kBlock != first.kBlock ||
        list->rowStart.size() != first.rowStart.size())
      throw std::invalid_argument("block list : lists of different blocks or lengths cannot be joined");
    const size_t before = joined.entry.size();
    if (before + list->entry.size() > INT32_MAX)
      throw std::invalid_argument("block list : more than 2^31 blocks");
    for (size_t row = 1; row < list->rowStart.size(); ++row)
      joined.rowStart.push_back(int32_t(before) + list->rowStart[row]);
    joined.entry.insert(joined.entry.end(), list->entry.begin(), list->entry.end());
    const auto words = int64_t(joined.partialBits.size());
    for (const int64_t offset : list->partialOffset) joined.partialOffset.push_back(words + offset);
    joined.partialOffset.resize(joined.entry.size());  // lists without a partial entry have no offsets
    joined.partialBits.insert(joined.partialBits.end(), list->partialBits.begin(), list->partialBits.end());
  }
  if (joined.partialBits.empty()) joined.partialOffset.clear();
  return joined;
}

}  // namespace ditscope::kernels
