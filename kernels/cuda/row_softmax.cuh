// SPDX-License-Identifier: Apache-2.0
// The online softmax on one thread's share of a score tile, in the accumulator layout that mma.m16n8k16 and
// wgmma have in common: a warp holds 16 rows; thread t has rows t / 4 and t / 4 + 8, and of every 8 keys the
// two at 2 * (t % 4). s[j] = {row 0: key, key + 1; row 1: key, key + 1} of the j-th 8 keys.
#pragma once

#include "kernels/cuda/block_stats.cuh"

namespace ditscope::kernels::cuda {

constexpr float kLn2 = 0.693147180559945f;
constexpr float kLog2e = 1.442695040888963f;

// The two rows are spread over four neighbouring threads.
__device__ inline float quadMax(float x) {
  x = fmaxf(x, shuffleXor(x, 1));
  return fmaxf(x, shuffleXor(x, 2));
}
__device__ inline float quadSum(float x) {
  x += shuffleXor(x, 1);
  return x + shuffleXor(x, 2);
}

// Two query rows of one thread, their place in the call, and the state of their softmax.
template <int kKeys>
class RowSoftmax {
 public:
  static constexpr int kPieces = kKeys / 8;
  using Scores = float[kPieces][4];

  RowSoftmax() = default;
  // rowInBlock: of this thread's first row within the query block.
  __device__ RowSoftmax(const DeviceArgs& args, const Item& item, int rowInBlock)
      : m_args(&args), m_item(&item), m_rowInBlock(rowInBlock), m_key0(2 * int(threadIdx.x % 4)) {
#pragma unroll
    for (int r = 0; r < 2; ++r) {
      m_max[r] = -INFINITY;
      m_sum[r] = 0;
      m_lseRef[r] = 0;
      m_absent[r] = exists(r) ? 0 : -INFINITY;
      if (args.skip.kind == SkipRule::Kind::MassBound && exists(r))
        m_lseRef[r] = args.skip.lseRef[int64_t(item.head) * args.queries + row(r)];
    }
  }

  __device__ int row(int r) const {
    return m_item->firstRow(*m_args) + m_rowInBlock + 8 * r;
  }
  __device__ bool exists(int r) const {
    return row(r) < m_args->queries;
  }

  // Keys that do not exist, and those that a partial entry leaves out, get a score of -inf.
  __device__ void mask(Scores& s, const Visit& visit) const {
    const int keys = m_args->validKeys - visit.keyBlock * kKeys;
    if (keys < kKeys) {
#pragma unroll
      for (int j = 0; j < kPieces; ++j)
        for (int e = 0; e < 4; ++e)
          if (8 * j + m_key0 + e % 2 >= keys) s[j][e] = -INFINITY;
    }
    if (visit.bits) maskBits(s, visit.bits);
  }

  __device__ void findBlockMax(const Scores& s, float (&blockMax)[2]) const {
#pragma unroll
    for (int r = 0; r < 2; ++r) {
      float largest = fmaxf(s[0][2 * r], s[0][2 * r + 1]);
#pragma unroll
      for (int j = 1; j < kPieces; ++j) largest = fmaxf(largest, fmaxf(s[j][2 * r], s[j][2 * r + 1]));
      blockMax[r] = quadMax(largest);
    }
  }

  // max over this thread's rows of (block max - running max) in logits; +inf for the first block.
  __device__ float gap(const float (&blockMax)[2], bool first) const {
    return first ? INFINITY : excess([&](int r) { return (blockMax[r] - m_max[r]) * m_args->scale; });
  }

  // What the skip rule compares with its threshold.
  __device__ float skipExcess(const float (&blockMax)[2]) const {
    if (m_args->skip.kind == SkipRule::Kind::MassBound)
      return excess([&](int r) { return blockMax[r] * m_args->scale - m_lseRef[r]; });
    if (m_args->skip.kind == SkipRule::Kind::RunningMass) {
      const float sum[2] = {quadSum(m_sum[0]), quadSum(m_sum[1])};
      return excess(
          [&](int r) { return blockMax[r] * m_args->scale - (m_max[r] * m_args->scale + logf(sum[r])); });
    }
    return gap(blockMax, false);
  }

  // Scores become weights exp(score - new max); returns by what the rows' earlier output is to be scaled.
  __device__ void update(Scores& s, const float (&blockMax)[2], float (&rescale)[2], float (&blockSum)[2]) {
    const float scaleLog2 = m_args->scale * kLog2e;
#pragma unroll
    for (int r = 0; r < 2; ++r) {
      const float newMax = fmaxf(m_max[r], blockMax[r]);
      const float offset = newMax == -INFINITY ? 0 : newMax * scaleLog2;
      rescale[r] = exp2Fast(m_max[r] * scaleLog2 - offset);
      float sum = 0;
#pragma unroll
      for (int j = 0; j < kPieces; ++j) {
        s[j][2 * r] = exp2Fast(s[j][2 * r] * scaleLog2 - offset);
        s[j][2 * r + 1] = exp2Fast(s[j][2 * r + 1] * scaleLog2 - offset);
        sum += s[j][2 * r] + s[j][2 * r + 1];
      }
      m_sum[r] = m_sum[r] * rescale[r] + sum;
      m_max[r] = newMax;
      blockSum[r] = sum;
    }
  }

  // The first thread of a quad stores its first row, the second one its second row.
  __device__ void storeRowLogMass(const BlockStats& stats, int keyBlock, const float (&blockSum)[2]) const {
    const int r = int(threadIdx.x) % 2;
    float sum = r == 0 ? blockSum[0] : blockSum[1];
    sum += shuffleXor(r == 0 ? blockSum[1] : blockSum[0], 1);
    sum += shuffleXor(sum, 2);
    const float max = r == 0 ? m_max[0] : m_max[1];
    if (threadIdx.x % 4 < 2 && row(r) < m_args->queries)
      stats.storeRowLogMass(*m_args, keyBlock, row(r),
                            sum == 0 ? -INFINITY : max * m_args->scale * kLog2e + log2Fast(sum));
  }

  // Writes the LSE; gives by what to scale each row of the output. Empty rows give 0.
  __device__ void finish(const BlockStats& stats, float (&normalise)[2]) const {
#pragma unroll
    for (int r = 0; r < 2; ++r) {
      const float sum = quadSum(m_sum[r]);
      const bool empty = sum == 0;
      normalise[r] = empty ? 0 : 1 / sum;
      if (threadIdx.x % 4 != 0 || !exists(r)) continue;
      if (empty) stats.countEmptyRow();
      if (m_args->lse) {
        const float lse = empty                   ? -INFINITY
                          : m_max[r] == -INFINITY ? sum
                                                  : m_max[r] * m_args->scale + logf(sum);
        m_args->lse[int64_t(m_item->head) * m_args->queries + row(r)] = lse;
      }
    }
  }

 private:
  template <class Difference>
  __device__ float excess(Difference difference) const {
    // fmaxf leaves NaN out, so that rows without a comparable value take no part.
    return fmaxf(fmaxf(difference(0) + m_absent[0], -INFINITY), difference(1) + m_absent[1]);
  }

  __device__ void maskBits(Scores& s, const uint64_t* bits) const {
#pragma unroll
    for (int r = 0; r < 2; ++r) {
      // Little-endian 64-bit words read as 32-bit ones: a row has kKeys / 32 of them.
      const uint32_t* words = reinterpret_cast<const uint32_t*>(bits) + (m_rowInBlock + 8 * r) * (kKeys / 32);
#pragma unroll
      for (int w = 0; w < kKeys / 32; ++w) {
        const uint32_t word = __ldg(words + w) >> m_key0;
#pragma unroll
        for (int j = 0; j < 4; ++j) {
          if (!(word >> (8 * j) & 1)) s[4 * w + j][2 * r] = -INFINITY;
          if (!(word >> (8 * j) & 2)) s[4 * w + j][2 * r + 1] = -INFINITY;
        }
      }
    }
  }

  const DeviceArgs* m_args;
  const Item* m_item;
  int m_rowInBlock, m_key0;
  float m_max[2], m_sum[2], m_lseRef[2];
  float m_absent[2];  // 0, or -inf for a row after the last query
};

// Two neighbouring elements of an output row.
__device__ inline void storePair(const DeviceArgs& args, int64_t index, float low, float high) {
  if (args.oDtype == DType::F32) {
    float* o = static_cast<float*>(args.o.data) + index;
    o[0] = low;
    o[1] = high;
  } else {
    const uint32_t pair =
        args.oDtype == DType::BF16 ? packPair<__nv_bfloat16>(low, high) : packPair<__half>(low, high);
    *reinterpret_cast<uint32_t*>(static_cast<uint16_t*>(args.o.data) + index) = pair;
  }
}

}  // namespace ditscope::kernels::cuda
