// SPDX-License-Identifier: Apache-2.0
// The patterns of MInference (arXiv 2407.02490) on the blocks of our kernel, for attention without a causal
// mask, and their recall on sampled rows.
//
//   A-shape         the first keys, and a band around the query
//   vertical-slash  the columns and the diagonals that hold most in sampled rows; diagonals run from -(N - 1)
//                   to N - 1. A block that a diagonal touches is computed whole, as in the original
//   block-sparse    the key blocks of largest pooled score in each row
//
// The original's kernel gathers single columns into dense tiles; a block kernel computes a whole tile for a
// single column in it. Hence two ways: `columns = block` keeps the key blocks with the heaviest columns
// whole, `columns = token` attends exactly the chosen columns (partial entries), at the price of their
// blocks. At equal kernel cost the first attends a superset of what the second does: it is the default, and
// the second shows what the pattern itself is worth. The first keys (one block, or 30 columns) and the
// query's own diagonal are always among the chosen. Everything is over the blocks without text: text is
// attended by all and attends all on top.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "collector/methods/block_choice.h"
#include "collector/methods/minference_rows.h"

namespace ditscope::collector {

enum class PatternType { Dense, AShape, VerticalSlash, BlockSparse };
[[nodiscard]] const char* patternName(PatternType type);

// Sizes as in the authors' files. The default is theirs for heads that a file does not name.
struct HeadPattern {
  PatternType type = PatternType::VerticalSlash;
  int64_t v = 1000;    // tokens of the first keys; columns; blocks of 64 keys a row
  int64_t s = 6096;    // tokens of the band; diagonals; unused
  double score = 1;    // recall that the search measured
  int64_t blocks = 0;  // > 0: kernel cost in blocks a row; diagonals are taken until it is reached, not by s
};

// The blocks of a call that hold video alone: [first, last) of queries and of keys.
struct VideoBlocks {
  explicit VideoBlocks(const MethodCall& call);
  [[nodiscard]] int64_t count() const { return last - first; }

  int64_t block, keys;
  int64_t qBlocks, kBlocks;
  int64_t first, last;
};

struct HeadMask {
  std::vector<uint8_t> blocks;   // [query blocks][key blocks], 1 = kept whole
  std::vector<uint8_t> columns;  // [keys] or empty; 1 = attended by all, besides
  int64_t diagonals = 0;         // taken, of a vertical-slash pattern
};

enum class ColumnsAs { Block, Token };

[[nodiscard]] HeadMask aShapeMask(const VideoBlocks& video, const HeadPattern& pattern);
[[nodiscard]] HeadMask verticalSlashMask(const VideoBlocks& video, const HeadPattern& pattern,
                                         const RowSums& sums, ColumnsAs columns);
// scores: [query blocks][key blocks].
[[nodiscard]] HeadMask blockSparseMask(const VideoBlocks& video, const HeadPattern& pattern,
                                       std::span<const float> scores);

// The patterns that cost `blocks` blocks a row.
[[nodiscard]] std::vector<HeadPattern> patternsOfCost(int64_t blocks, int64_t block, PatternType type);

// Share of the softmax inside the mask and the text, mean over the rows. share: [rows][keys].
[[nodiscard]] double recallOf(const VideoBlocks& video, const HeadMask& mask, std::span<const int64_t> rows,
                              const float* share);

// One list a head, text on top.
[[nodiscard]] std::shared_ptr<const kernels::BlockListStorage> toLists(const std::vector<HeadMask>& heads,
                                                                       const MethodCall& call);

}  // namespace ditscope::collector
