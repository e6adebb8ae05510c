// SPDX-License-Identifier: Apache-2.0
// What MInference sees of a call: the attention of some 64 rows, and its sums along columns and diagonals.
// The original takes the last 64 queries, which suits a causal model; in a Diffusion Transformer these are
// text, or the last frame, so that the rows are spread over the video here, one at a varying place in each of
// equal parts (equal distances would meet the same column of every frame).
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "collector/methods/method.h"

namespace ditscope::collector {

// Ascending rows of the video, at most `count`; another `shift` from 0 to 1 gives other rows.
[[nodiscard]] std::vector<int64_t> stratifiedRows(const MethodCall& call, int64_t count, double shift);

// Calls visit(i, share) for each of `heads`, from any thread; share: [rows][Nk], the softmax of each row.
void forEachHeadsRows(const MethodCall& call, std::span<const int64_t> heads, std::span<const int64_t> rows,
                      const std::function<void(size_t i, const float* share)>& visit);

// Both without the columns of text, which is kept anyway. Rows of NaN count as nothing.
struct RowSums {
  std::vector<double> columns;    // [Nk]
  std::vector<double> diagonals;  // [Nq + Nk - 1]; the diagonal of i - j = o stands at o + Nk - 1
};
[[nodiscard]] RowSums sumRows(const MethodCall& call, std::span<const int64_t> rows, const float* share);

}  // namespace ditscope::collector
