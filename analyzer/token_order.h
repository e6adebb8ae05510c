// SPDX-License-Identifier: Apache-2.0
// What a map of blocks looks like with the tokens of a video in another order: heads that look at one pixel
// through time are stripes in (frame, y, x) order and blocks on the diagonal in (y, x, frame) order, which is
// how Sparse VideoGen (arXiv 2502.01776) makes them cheap. A block of the new order draws its
// tokens from several recorded ones; within a recorded block all tokens count as alike, so that values are
// means.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "db/block_mask.h"
#include "db/model.h"

namespace ditscope::analyzer {

struct TokenAxis {  // of the queries or of the keys
  db::TokenGrid grid;
  db::TextSpan text;  // keeps its place, before or behind the video
  int64_t length = 0;
  int32_t block = 0;  // tokens
};

// For each block of one order, which blocks of another its tokens lie in.
struct BlockDraw {
  std::vector<size_t> first;    // [blocks + 1] into the lists
  std::vector<int32_t> block;   // of the other order, ascending
  std::vector<int64_t> tokens;  // how many
  [[nodiscard]] int32_t blocks() const { return int32_t(first.size()) - 1; }
};

// Empty when an order is neither frame- nor pixel-major or the axis does not hold exactly the grid and the
// text.
[[nodiscard]] std::optional<BlockDraw> drawBlocks(const TokenAxis& axis, db::TokenOrder from,
                                                  db::TokenOrder to);

// The map of true mass, from one with a row a recorded query block and a column a recorded key block. Rows
// keep their sums. The draws must be of the map's axes; throws std::invalid_argument when they are not.
[[nodiscard]] db::BlockMass reorderMass(const db::BlockMass& mass, const BlockDraw& rows,
                                        const BlockDraw& cols, const TokenAxis& keys);
// Share of the (query, key) pairs of each block that a mask keeps, likewise.
[[nodiscard]] db::BlockMass keptShare(const db::BlockMask& mask, const BlockDraw& rows,
                                      const BlockDraw& cols);

}  // namespace ditscope::analyzer
