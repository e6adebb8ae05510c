// SPDX-License-Identifier: Apache-2.0
// mask_search.h and listFromMask() on an NVIDIA GPU: from Q and K to block lists in one stream, without the
// host waiting. All pointers are device memory; maps are contiguous [list, query block, key block] with one
// list per (batch, head). Functions throw std::invalid_argument for sizes that do not fit and
// std::runtime_error with CUDA's words when a launch fails.
#pragma once

#include <cstdint>

#include "kernels/block_list_storage.h"
#include "kernels/mask_search.h"

struct CUstream_st;

namespace ditscope::kernels {

// Key blocks that a row may have (shared memory holds a row while it is sorted).
inline constexpr int64_t kMaxSortedBlocks = 8192;

// pooledScores(): softmax over key blocks of scale * mean(q block) . mean(k block).
// means: pooledMeansFloats() floats of scratch.
[[nodiscard]] int64_t pooledMeansFloats(const BlockScoreArgs& args);
void pooledScoresCuda(const BlockScoreArgs& args, float* means, float* scores, CUstream_st* stream);

// selectTopK() and selectTopP() with SelectionScope::Row; kept: one byte a block, 0 or 1. The sums of top-p
// are in fp64 and in the host's order, so that both choose the same blocks.
void selectTopKCuda(const BlockGrid& grid, const float* scores, int64_t count, uint8_t* kept,
                    CUstream_st* stream);
void selectTopPCuda(const BlockGrid& grid, const float* scores, double share, Crossing crossing,
                    uint8_t* kept, CUstream_st* stream);

// The lists of a mask, ascending key blocks. rowStart: [lists * qBlocks + 1]; entry: room for every block
// that may be kept, at most grid.blocks(). As a BlockList with headStride = qBlocks and batchStride = heads *
// qBlocks.
void listsFromMaskCuda(const BlockGrid& grid, const uint8_t* kept, int32_t* rowStart, uint32_t* entry,
                       CUstream_st* stream);

}  // namespace ditscope::kernels
