// SPDX-License-Identifier: Apache-2.0
// Masks that are given on tokens (sliding windows, 3-D neighbourhoods of a video), turned into block lists.
// Blocks that are attended in part become partial entries with one bit a (query, key).
// Cost: about N * (intervals of a row + N / 64) steps.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "kernels/block_list_storage.h"

namespace ditscope::kernels {

struct KeyInterval {
  int64_t begin = 0;
  int64_t end = 0;  // first key after it
};

// One list for all heads: query i attends the union of the intervals that keysOf(i, intervals) appends
// (clipped to the keys).
[[nodiscard]] BlockListStorage listFromIntervals(
    int64_t queries, int64_t keys, int32_t qBlock, int32_t kBlock,
    const std::function<void(int64_t query, std::vector<KeyInterval>& intervals)>& keysOf);

// Query i attends key j when |i - j| <= radius or j < sinkKeys.
struct SlidingWindow {
  int64_t tokens = 0;
  int64_t radius = 0;
  int64_t sinkKeys = 0;
};
[[nodiscard]] BlockListStorage listFromWindow(const SlidingWindow& window, int32_t qBlock, int32_t kBlock);

// Tokens of a video in raster order (frame, row, column), then `textTokens` that attend all and that all
// attend. Two video tokens attend one another when they differ by at most the radius along each axis.
struct GridWindow {
  int64_t frames = 1, height = 1, width = 1;
  int64_t frameRadius = 0, heightRadius = 0, widthRadius = 0;
  int64_t textTokens = 0;
};
[[nodiscard]] BlockListStorage listFromWindow(const GridWindow& window, int32_t qBlock, int32_t kBlock);

}  // namespace ditscope::kernels
