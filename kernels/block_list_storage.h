// SPDX-License-Identifier: Apache-2.0
// A block list that owns its memory, and the ways to make one from a mask of kept blocks. Building from a
// mask costs about a nanosecond a block; view() is free and valid as long as the storage lives and is not
// changed.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/attention.h"

namespace ditscope::kernels {

struct BlockListStorage {
  int32_t qBlock = kDefaultBlock;
  int32_t kBlock = kDefaultBlock;
  int64_t batchStride = 0;
  int64_t headStride = 0;
  std::vector<int32_t> rowStart;
  std::vector<uint32_t> entry;
  std::vector<int64_t> partialOffset;  // empty when no entry is partial
  std::vector<uint64_t> partialBits;

  [[nodiscard]] BlockList view() const;
};

// The blocks of `lists` lists of the same size, each row-major [qBlocks][kBlocks].
struct BlockGrid {
  int64_t lists = 1;
  int64_t qBlocks = 0;
  int64_t kBlocks = 0;
  [[nodiscard]] int64_t blocks() const { return lists * qBlocks * kBlocks; }
};

// How lists are shared: list i belongs to head i % heads of batch i / heads. lists = 1: one for all;
// lists = heads: one a head, shared by the batches; lists = batches * heads: none shared.
struct ListSharing {
  int64_t heads = 1;
};

// kept: one byte a block, not zero = kept. weight: empty for ascending key blocks, or one value a block, and
// then each row visits its heaviest blocks first (a running maximum that is soon final lets in-loop skips
// bite). Throws std::invalid_argument when the sizes do not fit.
[[nodiscard]] BlockListStorage listFromMask(const BlockGrid& grid, std::span<const uint8_t> kept,
                                            int32_t qBlock, int32_t kBlock, ListSharing sharing = {},
                                            std::span<const float> weight = {});

// The same from bits as in StatsOut::keptBits: [list, query block, ceil(kBlocks / 32)].
[[nodiscard]] BlockListStorage listFromBits(const BlockGrid& grid, std::span<const uint32_t> keptBits,
                                            int32_t qBlock, int32_t kBlock, ListSharing sharing = {});

// The list of one head: list number `head` of a storage, or the one that all of its heads share.
struct HeadList {
  const BlockListStorage* of = nullptr;
  int64_t head = 0;
};

// One list after the other: list i becomes that of head i. All have the same block widths and the same number
// of query blocks, and none differs between batches; throws std::invalid_argument otherwise.
[[nodiscard]] BlockListStorage joinHeads(std::span<const HeadList> lists);
[[nodiscard]] BlockListStorage joinHeads(std::span<const BlockListStorage* const> lists);  // each shared

}  // namespace ditscope::kernels
