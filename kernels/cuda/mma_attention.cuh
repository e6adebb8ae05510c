// SPDX-License-Identifier: Apache-2.0
// Attention with mma.sync and cp.async (sm_80 and newer): a CTA takes one query block, a warp 16 of its rows;
// K and V tiles of one key block come through two buffers.
#pragma once

#include "kernels/cuda/mma_ops.cuh"
#include "kernels/cuda/row_softmax.cuh"

namespace ditscope::kernels::cuda {

// A tile in shared memory: rows of kDim elements in chunks of 16 bytes, the chunk number mixed with the row so
// that eight rows of one column lie in different banks.
template <int kDim>
struct SharedTile {
  static constexpr int kChunks = kDim / 8;
  static_assert(kChunks % 2 == 0);
  uint32_t base;
  __device__ uint32_t at(int row, int chunk) const {
    const int mixed = kChunks % 8 == 0 ? chunk ^ (row % 8) : chunk ^ ((row / 4) % 2);
    return base + uint32_t(row * kChunks + mixed) * 16;
  }
};

// Rows of a [N, D] matrix into a tile; rows at and after `rows` and columns at and after dim become zero.
template <int kDim>
__device__ inline void loadTile(const SharedTile<kDim>& tile, const uint16_t* from, int64_t rowStride,
                                int tileRows, int rows, int dim) {
  for (int i = int(threadIdx.x); i < tileRows * (kDim / 8); i += int(blockDim.x)) {
    const int row = i / (kDim / 8);
    const int chunk = i % (kDim / 8);
    const bool inside = row < rows && chunk * 8 < dim;
    copyAsync16(tile.at(row, chunk), inside ? from + row * rowStride + chunk * 8 : from, inside);
  }
}

template <class T, int kDim, int kKeys, bool kInstrumented>
class MmaBlock {
  static constexpr int kSteps = kDim / 16;  // of QK along D
  using Softmax = RowSoftmax<kKeys>;

 public:
  __device__ MmaBlock(const DeviceArgs& args, const Item& item, uint32_t shared)
      : m_args(args), m_item(item), m_shared(shared), m_warpRow(int(threadIdx.x) / 32 * 16),
        m_lane(int(threadIdx.x) % 32), m_stats(args, item),
        m_softmax(args, item, m_warpRow + m_lane / 4), m_threshold(skipThreshold(args, item)) {}

  static constexpr int sharedBytes(int qBlock) { return (qBlock + 4 * kKeys) * kDim * 2; }

  __device__ void run() {
    loadQueries();
    ListWalk walk(m_args, m_item);
    Visit visit, following;
    bool more = walk.next(visit);
    if (more) loadKeysAndValues(visit.keyBlock, 0);
    commitCopies();
    for (int turn = 0; more; turn ^= 1) {
      more = walk.next(following);
      if (more) loadKeysAndValues(following.keyBlock, turn ^ 1);
      commitCopies();
      waitCopies<1>();
      __syncthreads();
      attend(visit, turn);
      __syncthreads();  // nobody reads this buffer any more
      visit = following;
    }
    finish();
  }

 private:
  __device__ SharedTile<kDim> queryTile() const { return {m_shared}; }
  __device__ SharedTile<kDim> keyTile(int turn) const {
    return {m_shared + uint32_t(m_args.qBlock + 2 * turn * kKeys) * kDim * 2};
  }
  __device__ SharedTile<kDim> valueTile(int turn) const {
    return {m_shared + uint32_t(m_args.qBlock + (2 * turn + 1) * kKeys) * kDim * 2};
  }
  __device__ const uint16_t* start(const DeviceTensor& tensor, int head, int row) const {
    return static_cast<const uint16_t*>(tensor.data) + m_item.b * tensor.stride[0] + head * tensor.stride[1] +
           row * tensor.stride[2];
  }

  __device__ void loadQueries() {
    const int row = m_item.firstRow(m_args);
    loadTile(queryTile(), start(m_args.q, m_item.h, row), m_args.q.stride[2], m_args.qBlock,
             m_args.queries - row, m_args.dim);
  }

  __device__ void loadKeysAndValues(int keyBlock, int turn) {
    const int row = keyBlock * kKeys;
    const int head = m_item.kvHead(m_args);
    loadTile(keyTile(turn), start(m_args.k, head, row), m_args.k.stride[2], kKeys, m_args.validKeys - row,
             m_args.dim);
    loadTile(valueTile(turn), start(m_args.v, head, row), m_args.v.stride[2], kKeys, m_args.validKeys - row,
             m_args.dim);
  }

  __device__ void attend(const Visit& visit, int turn) {
    typename Softmax::Scores s;
    computeScores(s, keyTile(turn));
    m_softmax.mask(s, visit);
    float blockMax[2], rescale[2], blockSum[2];
    m_softmax.findBlockMax(s, blockMax);
    if (kInstrumented && !decide(visit, blockMax)) return;
    m_softmax.update(s, blockMax, rescale, blockSum);
    if (kInstrumented && m_stats.wantsRowLogMass()) m_softmax.storeRowLogMass(m_stats, visit.keyBlock, blockSum);
#pragma unroll
    for (int j = 0; j < kDim / 8; ++j)
      for (int e = 0; e < 4; ++e) m_output[j][e] *= rescale[e / 2];
    addValues(s, valueTile(turn));
  }

  // Statistics of a visit, and whether the block is kept: the same answer in the whole CTA.
  __device__ bool decide(const Visit& visit, const float (&blockMax)[2]) {
    const bool first = m_visited++ == 0;
    m_partial += visit.bits != nullptr;
    if (m_stats.wantsGap()) {
      const float gap = quadsMax(m_softmax.gap(blockMax, first));
      if (m_lane == 0) m_stats.reportGap(visit.keyBlock, gap);
    }
    if (m_args.skip.kind != SkipRule::Kind::None && !first && mayBeSkipped(m_args, visit.keyBlock)) {
      const bool below = m_softmax.skipExcess(blockMax) < m_threshold;
      if (__syncthreads_and(below)) {
        ++m_skipped;
        return false;
      }
    }
    if (threadIdx.x == 0) m_stats.markKept(visit.keyBlock);
    return true;
  }

  __device__ void computeScores(typename Softmax::Scores& s, const SharedTile<kDim>& keys) const {
#pragma unroll
    for (int j = 0; j < kKeys / 8; ++j)
      for (int e = 0; e < 4; ++e) s[j][e] = 0;
#pragma unroll(kKeys == 128 ? 1 : 2)  // all of them at once would not fit the registers
    for (int step = 0; step < kSteps; ++step) {
      uint32_t q[4];
      loadTiles(q, queryTile().at(m_warpRow + m_lane % 16, 2 * step + m_lane / 16));
#pragma unroll
      for (int j = 0; j < kKeys / 16; ++j) {
        uint32_t k[4];
        loadTiles(k, keys.at(16 * j + m_lane % 8 + m_lane / 16 * 8, 2 * step + m_lane / 8 % 2));
        multiplyAdd<T>(s[2 * j], q, k[0], k[1]);
        multiplyAdd<T>(s[2 * j + 1], q, k[2], k[3]);
      }
    }
  }

  __device__ void addValues(const typename Softmax::Scores& s, const SharedTile<kDim>& values) {
#pragma unroll
    for (int step = 0; step < kKeys / 16; ++step) {
      const auto& low = s[2 * step];
      const auto& high = s[2 * step + 1];
      const uint32_t p[4] = {packPair<T>(low[0], low[1]), packPair<T>(low[2], low[3]),
                             packPair<T>(high[0], high[1]), packPair<T>(high[2], high[3])};
#pragma unroll
      for (int j = 0; j < kDim / 16; ++j) {
        uint32_t v[4];
        loadTilesTransposed(v, values.at(16 * step + m_lane % 16, 2 * j + m_lane / 16));
        multiplyAdd<T>(m_output[2 * j], p, v[0], v[1]);
        multiplyAdd<T>(m_output[2 * j + 1], p, v[2], v[3]);
      }
    }
  }

  __device__ void finish() {
    float normalise[2];
    m_softmax.finish(m_stats, normalise);
    if (kInstrumented && threadIdx.x == 0) m_stats.count(m_visited, m_skipped, m_partial);
    for (int r = 0; r < 2; ++r) {
      if (!m_softmax.exists(r)) continue;
      const int64_t row = m_item.b * m_args.o.stride[0] + m_item.h * m_args.o.stride[1] +
                          m_softmax.row(r) * m_args.o.stride[2];
#pragma unroll
      for (int j = 0; j < kDim / 8; ++j) {
        const int column = 8 * j + 2 * (m_lane % 4);
        if (column < m_args.dim)
          storePair(m_args, row + column, m_output[j][2 * r] * normalise[r],
                    m_output[j][2 * r + 1] * normalise[r]);
      }
    }
  }

  const DeviceArgs& m_args;
  const Item& m_item;
  uint32_t m_shared;
  int m_warpRow, m_lane;
  BlockStats m_stats;
  Softmax m_softmax;
  float m_threshold;
  int m_visited = 0, m_skipped = 0, m_partial = 0;
  float m_output[kDim / 8][4] = {};
};

template <class T, int kDim, int kKeys, bool kInstrumented>
__global__ void mmaAttention(const __grid_constant__ DeviceArgs args) {
  extern __shared__ __align__(128) uint8_t shared[];
  const int index = int(blockIdx.x);
  const Item item(args, args.order ? __ldg(args.order + index) : index);
  MmaBlock<T, kDim, kKeys, kInstrumented> block(args, item, sharedAddress(shared));
  block.run();
}

}  // namespace ditscope::kernels::cuda
