// SPDX-License-Identifier: Apache-2.0
// The decisions of SpargeAttn (arXiv 2502.18137) for single heads: which blocks its first stage keeps, the
// threshold of its second, and what both cost and lose. Used by the method and by whoever tunes its
// parameters: a map is made once a call, and any number of parameters can be tried on it.
//
// Stage 1: every block of q and of k (less the mean of all keys, when smooth) is pooled to its mean and
// judged by its self-similarity, the mean cosine of all pairs of its rows. Blocks that are not similar cannot
// stand for their rows: such key blocks are kept in every row and leave the softmax of the pooled scores,
// such query blocks attend everything. The rest keep their heaviest key blocks: as many as stay within a
// cumulative share of the pooled softmax (the block that would cross it is left out), or a share of all. Key
// block 0 is always kept, and a query block without a similar key block attends everything. Stage 2: in the
// loop a block's softmax and PV are skipped when its maximum lies more than `pv` powers of two below the
// running maximum. The original decides for the rows of a warp, our kernel for a query block. Text is
// attended by all and attends all on top of that.
#pragma once

#include <span>
#include <vector>

#include "collector/methods/method.h"

namespace ditscope::collector {

enum class SpargeMode { Cdf, TopK };

// The parameters of one head, with the authors' names and defaults.
struct SpargeHead {
  bool sparse = true;        // else all blocks are computed
  double simthreshd1 = 0.6;  // similar = self-similarity above it
  double cdfthreshd = 0.98;  // cumulative share; SpargeMode::Cdf
  double topk = 0.5;         // share of the key blocks; SpargeMode::TopK
  double pvthreshd = 50;     // powers of two, at least 0
};

class SpargeMap {
 public:
  SpargeMap(const MethodCall& call, bool smooth);  // reads q once and k twice, and keeps neither

  // kept: [query blocks][key blocks] of the head, 0 or 1, before text. Any thread.
  void choose(int64_t head, const SpargeHead& parameters, SpargeMode mode, std::span<uint8_t> kept) const;

 private:
  kernels::Tensor4 m_q, m_k;  // of one head; only their sizes are used
  int m_block;
  kernels::BlockGrid m_grid;                  // of all heads
  std::vector<float> m_qMeans, m_kMeans;      // [H, blocks, D]
  std::vector<float> m_qSimilar, m_kSimilar;  // [H, blocks]
};

// Both stages of all heads, `heads` in their order, as one launch.
[[nodiscard]] Launch spargeLaunch(const MethodCall& call, const SpargeMap& map,
                                  std::span<const SpargeHead> heads, SpargeMode mode);

// What a head loses and saves with its parameters.
struct SpargeTrial {
  double relativeL1 = 0;  // sum |out - dense| / sum |dense|
  double densityQk = 1;   // computed / all blocks
  double densityPv = 1;   // of these, without those that the second stage skipped
};

// Runs the launch. dense: [H, Nq, D], attention over all blocks of the same tensors.
[[nodiscard]] std::vector<SpargeTrial> trySparge(const MethodCall& call, const SpargeMap& map,
                                                 std::span<const SpargeHead> heads, SpargeMode mode,
                                                 const at::Tensor& dense);

}  // namespace ditscope::collector
