// SPDX-License-Identifier: Apache-2.0
// What sparsity methods search masks with: cheap scores of blocks, and the selection of blocks by score.
// Score maps are contiguous fp32 [list, query block, key block] with one list per (batch, head), as the masks
// that listFromMask() reads. Host memory; every function throws std::invalid_argument for sizes that do not
// fit.
#pragma once

#include <cstdint>
#include <span>

#include "kernels/attention.h"
#include "kernels/block_list_storage.h"

namespace ditscope::kernels {

// Mean of each run of `block` rows; out: [B, H, ceil(N / block), D]. The last run may be shorter.
void poolMean(const Tensor4& tensor, int32_t block, std::span<float> out, int threads = 0);

// The tensors and block widths of a score map; scale 0 = 1 / sqrt(D).
struct BlockScoreArgs {
  Tensor4 q, k;  // [B, H, Nq, D] and [B, Hkv, Nk, D]
  int32_t qBlock = kDefaultBlock;
  int32_t kBlock = kDefaultBlock;
  float scale = 0;
};
[[nodiscard]] BlockGrid gridOf(const BlockScoreArgs& args);

// softmax over key blocks of scale * mean(q block) . mean(k block): every row of the map sums to 1.
void pooledScores(const BlockScoreArgs& args, std::span<float> scores, int threads = 0);

// The same from means that are there already, in fp32 without gaps.
struct BlockMeans {
  std::span<const float> q;        // [B, H, query blocks, D]
  std::span<const float> k;        // [B, Hkv, key blocks, D]
  std::span<const uint8_t> takes;  // [list, key block] 0 = takes no part in the softmax: its score is 0.
                                   // Empty = all take part. A row without any has only zeros
};
void pooledScores(const BlockScoreArgs& args, const BlockMeans& means, std::span<float> scores,
                  int threads = 0);

// Mean of each run of `block` rows, and how alike they are: the cosine of two rows averaged over all pairs, a
// row with itself included, that is |sum of x / |x||^2 / rows^2 (SpargeAttn, arXiv 2502.18137). `centre`, [B,
// H, D], is subtracted from each row first; empty = nothing. A row of zeros has cosine 0 with all. One pass;
// mean as poolMean(), similarity: [B, H, ceil(N / block)], NaN where a row holds one.
void poolWithSimilarity(const Tensor4& tensor, int32_t block, std::span<const float> centre,
                        std::span<float> mean, std::span<float> similarity, int threads = 0);

// Share of each block in the softmax of its query rows, averaged over the rows of the query block, from the
// scores and the rows' LSE ([B, H, Nq], natural log): exact when the LSE is of these q and k. With the LSE of
// an earlier step only the ranking inside a row of the map has a meaning (AdaSpa, arXiv 2502.21079,
// LSE-cached search). Rows with LSE = -inf count as zero mass. Costs the Q K^T half of an attention call.
void blockMassFromLse(const BlockScoreArgs& args, std::span<const float> lse, std::span<float> mass,
                      int threads = 0);

// Softmax mass of each key block for some query rows, the same in every head; mass: [list, row of `rows`, key
// block], and each row sums to 1. What is read off sampled rows stands for all (MInference, arXiv
// 2407.02490).
void sampledRowMass(const BlockScoreArgs& args, std::span<const int64_t> rows, std::span<float> mass,
                    int threads = 0);

// XAttention's antidiagonal scores (arXiv 2503.16428): q and k are taken in groups of `stride` tokens, q's in
// reverse, so that one product of stride * D terms sums an antidiagonal of each stride x stride square;
// softmax over the groups of keys with scale / stride; summed over the keys of a block and averaged over its
// rows, so that every row of the map sums to 1. Both block widths must be multiples of the stride; missing
// tokens count as zeros.
void antidiagonalScores(const BlockScoreArgs& args, int32_t stride, std::span<float> scores, int threads = 0);

enum class SelectionScope : uint8_t {
  Row,   // every query block chooses its own share
  Head,  // the blocks of a whole head compete; a query block may go without any
};

// Keeps the `count` heaviest blocks of each row or head (all, where there are fewer); equal scores go to the
// lower index, NaN counts as the lowest. kept: one byte a block, 0 or 1.
void selectTopK(const BlockGrid& grid, std::span<const float> scores, int64_t count, SelectionScope scope,
                std::span<uint8_t> kept);

// What becomes of the block with which the sum of the heaviest passes the share. A sum that meets the share
// to a millionth of the total has not passed it: float sums fall on either side of an exact hit.
enum class Crossing : uint8_t {
  Included,  // the fewest blocks that reach the share (XAttention, NABLA)
  Excluded,  // the most blocks that stay within it, and at least one (SpargeAttn)
};

// Keeps the heaviest blocks until their scores make up `share` of the total of their row or head; equal
// scores go to the lower index. Scores that are negative or NaN count as 0; where nothing is positive,
// everything is kept.
void selectTopP(const BlockGrid& grid, std::span<const float> scores, double share, SelectionScope scope,
                std::span<uint8_t> kept, Crossing crossing = Crossing::Included);

}  // namespace ditscope::kernels
