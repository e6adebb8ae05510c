// SPDX-License-Identifier: Apache-2.0
// The numbers of one attention head that a trace stores, from what a kernel gives: LSE per row (natural
// log, scale applied, -inf for an empty row) and block masses (each row of a map sums to 1).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "db/block_mask.h"
#include "db/model.h"

namespace ditscope::collector {

// Fills lseMean, lseStd, lseMin, lseMax over the finite rows, and lseEmptyRows.
void summariseLse(std::span<const float> lse, db::HeadStats& stats);

// Fills lseDrift*: lse against `before` (same length), over the rows that are finite in both.
void summariseLseDrift(std::span<const float> lse, std::span<const float> before, db::HeadStats& stats);

// Fills recall*: exp(kept - full) over the rows that are finite in `full`.
void summariseRecall(std::span<const float> keptLse, std::span<const float> fullLse, db::HeadStats& stats);

// Mean over the finite rows of the entropy, in nats, of the row's block masses exp(rowLogMass - lse).
// rowLogMass: [keyBlocks, rows], log2 in Q7.8 as the kernels write it.
[[nodiscard]] float rowEntropy(std::span<const int16_t> rowLogMass, std::span<const float> lse);

// Mean LSE of the finite rows of each query block; -inf for a block without any.
[[nodiscard]] std::vector<float> blockMeans(std::span<const float> lse, int32_t qBlock);

// Mass held by the heaviest blocks, by row and by head; `rows` query rows are spread over the map's block
// rows, so that a ragged last one counts less. Between whole blocks the curve is linear.
[[nodiscard]] db::RecallCurve recallCurve(const db::BlockMass& map, int64_t rows, int32_t qBlock);

struct RowView {  // rows of floats, `stride` apart
  const float* data = nullptr;
  int64_t rows = 0;
  int64_t cols = 0;
  int64_t stride = 0;
};
// sum |out - dense| / sum |dense|, of the same shape; 0 when `dense` is all zero.
[[nodiscard]] float relativeL1(const RowView& out, const RowView& dense);

}  // namespace ditscope::collector
