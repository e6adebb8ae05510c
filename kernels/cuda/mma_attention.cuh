// SPDX-License-Identifier: Apache-2.0
// Attention with mma.sync and cp.async (sm_80 and newer): a CTA takes one query block, a warp 16 or 32 of its
// rows; K and V tiles of one key block come through two buffers.
#pragma once

#include "kernels/cuda/mma_ops.cuh"
#include "kernels/cuda/row_softmax.cuh"

namespace ditscope::kernels::cuda {

// A tile in shared memory: rows of kDim elements in chunks of 16 bytes, the chunk number mixed with the row
// so that eight rows of one column lie in different banks. `base` is a multiple of 256. The forms are such
// that a loop over chunks needs one register for all addresses.
template <int kDim>
struct SharedTile {
  static constexpr int kChunks = kDim / 8;
  static_assert(kChunks % 2 == 0);
  uint32_t base;
  __device__ uint32_t at(int row, int chunk) const {
    if (kChunks % 8 == 0) return (base + uint32_t(row * kChunks + row % 8) * 16) ^ uint32_t(chunk) * 16;
    return base + uint32_t(row * kChunks + ((chunk & 1) ^ (row / 4 % 2))) * 16 + uint32_t(chunk & ~1) * 16;
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

// kTiles: tiles of 16 rows that a warp takes; two of them share what is read of K and V.
template <class T, int kDim, int kKeys, int kTiles, bool kInstrumented>
class MmaBlock {
  static constexpr int kSteps = kDim / 16;  // of QK along D
  using Softmax = RowSoftmax<kKeys>;
  using Scores = typename Softmax::Scores;

 public:
  __device__ MmaBlock(const DeviceArgs& args, const Item& item, uint32_t shared)
      : m_args(args),
        m_item(item),
        m_shared(shared),
        m_warpRow(int(threadIdx.x) / 32 * 16 * kTiles),
        m_lane(int(threadIdx.x) % 32),
        m_stats(args, item),
        m_threshold(skipThreshold(args, item)) {
#pragma unroll
    for (int i = 0; i < kTiles; ++i) m_softmax[i] = Softmax(args, item, m_warpRow + 16 * i + m_lane / 4);
  }

  static constexpr int sharedBytes(int qBlock) {
    return (qBlock + 4 * kKeys) * kDim * 2;
  }

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
  __device__ SharedTile<kDim> queryTile() const {
    return {m_shared};
  }
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
    Scores s[kTiles];
    computeScores(s, keyTile(turn));
    float blockMax[kTiles][2];
#pragma unroll
    for (int i = 0; i < kTiles; ++i) {
      m_softmax[i].mask(s[i], visit);
      m_softmax[i].findBlockMax(s[i], blockMax[i]);
    }
    if (kInstrumented && !decide(visit, blockMax)) return;
#pragma unroll
    for (int i = 0; i < kTiles; ++i) {
      float rescale[2], blockSum[2];
      m_softmax[i].update(s[i], blockMax[i], rescale, blockSum);
      if (kInstrumented && m_stats.wantsRowLogMass())
        m_softmax[i].storeRowLogMass(m_stats, visit.keyBlock, blockSum);
#pragma unroll
      for (int j = 0; j < kDim / 8; ++j)
        for (int e = 0; e < 4; ++e) m_output[i][j][e] *= rescale[e / 2];
    }
    addValues(s, valueTile(turn));
  }

  // Statistics of a visit, and whether the block is kept: the same answer in the whole CTA.
  __device__ bool decide(const Visit& visit, const float (&blockMax)[kTiles][2]) {
    const bool first = m_visited++ == 0;
    float gap = -INFINITY;
    float excess = -INFINITY;
    const bool mayGo =
        m_args.skip.kind != SkipRule::Kind::None && !first && mayBeSkipped(m_args, visit.keyBlock);
#pragma unroll
    for (int i = 0; i < kTiles; ++i) {
      gap = fmaxf(gap, m_softmax[i].gap(blockMax[i], first));
      if (mayGo) excess = fmaxf(excess, m_softmax[i].skipExcess(blockMax[i]));
    }
    const bool keep = !(mayGo && __syncthreads_and(excess < m_threshold));
    m_skipped += !keep;
    m_stats.reportGap(visit.keyBlock, warpMax(gap), m_lane == 0);
    if (!keep && threadIdx.x == 0) m_stats.markSkipped(visit.keyBlock);
    return keep;
  }

  __device__ void computeScores(Scores (&s)[kTiles], const SharedTile<kDim>& keys) const {
#pragma unroll
    for (int i = 0; i < kTiles * kKeys / 8; ++i)
      for (int e = 0; e < 4; ++e) s[i / (kKeys / 8)][i % (kKeys / 8)][e] = 0;
#pragma unroll(kTiles* kKeys >= 128 ? 1 : kSteps)
    for (int step = 0; step < kSteps; ++step) {
      uint32_t q[kTiles][4];
#pragma unroll
      for (int i = 0; i < kTiles; ++i)
        loadTiles(q[i], queryTile().at(m_warpRow + 16 * i + m_lane % 16, 2 * step + m_lane / 16));
      // Several tiles first, so that the products need not wait for one load each.
      constexpr int kAhead = kTiles == 2 ? 2 : kKeys / 16;
#pragma unroll
      for (int part = 0; part < kKeys / 16; part += kAhead) {
        uint32_t k[kAhead][4];
#pragma unroll
        for (int j = 0; j < kAhead; ++j)
          loadTiles(k[j], keys.at(16 * (part + j) + m_lane % 8 + m_lane / 16 * 8, 2 * step + m_lane / 8 % 2));
#pragma unroll
        for (int j = 0; j < kAhead; ++j) {
#pragma unroll
          for (int i = 0; i < kTiles; ++i) {
            multiplyAdd<T>(s[i][2 * (part + j)], q[i], k[j][0], k[j][1]);
            multiplyAdd<T>(s[i][2 * (part + j) + 1], q[i], k[j][2], k[j][3]);
          }
        }
      }
    }
  }

  __device__ void addValues(const Scores (&s)[kTiles], const SharedTile<kDim>& values) {
#pragma unroll
    for (int step = 0; step < kKeys / 16; ++step) {
      uint32_t p[kTiles][4];
#pragma unroll
      for (int i = 0; i < kTiles; ++i) {
#pragma unroll
        for (int half = 0; half < 2; ++half) {
          const auto& piece = s[i][2 * step + half];
          p[i][2 * half] = packPair<T>(piece[0], piece[1]);
          p[i][2 * half + 1] = packPair<T>(piece[2], piece[3]);
        }
      }
      // Four tiles at a time, for the same reason.
#pragma unroll
      for (int part = 0; part < kDim / 16; part += 4) {
        uint32_t v[4][4];
#pragma unroll
        for (int j = 0; j < 4 && part + j < kDim / 16; ++j)
          loadTilesTransposed(v[j], values.at(16 * step + m_lane % 16, 2 * (part + j) + m_lane / 16));
#pragma unroll
        for (int j = 0; j < 4 && part + j < kDim / 16; ++j) {
#pragma unroll
          for (int i = 0; i < kTiles; ++i) {
            multiplyAdd<T>(m_output[i][2 * (part + j)], p[i], v[j][0], v[j][1]);
            multiplyAdd<T>(m_output[i][2 * (part + j) + 1], p[i], v[j][2], v[j][3]);
          }
        }
      }
    }
  }

  __device__ void finish() {
    if (kInstrumented && threadIdx.x == 0) m_stats.countSkipped(m_skipped);
#pragma unroll
    for (int i = 0; i < kTiles; ++i) {
      float normalise[2];
      m_softmax[i].finish(m_stats, normalise);
#pragma unroll
      for (int r = 0; r < 2; ++r)
        if (m_softmax[i].exists(r)) storeRow(m_softmax[i].row(r), m_output[i], r, normalise[r]);
    }
  }

  __device__ void storeRow(int row, const float (&output)[kDim / 8][4], int r, float normalise) const {
    const int64_t start =
        m_item.b * m_args.o.stride[0] + m_item.h * m_args.o.stride[1] + row * m_args.o.stride[2];
#pragma unroll
    for (int j = 0; j < kDim / 8; ++j) {
      const int column = 8 * j + 2 * (m_lane % 4);
      const float low = r == 0 ? output[j][0] : output[j][2];
      const float high = r == 0 ? output[j][1] : output[j][3];
      if (column < m_args.dim) storePair(m_args, start + column, low * normalise, high * normalise);
    }
  }

  const DeviceArgs& m_args;
  const Item& m_item;
  uint32_t m_shared;
  int m_warpRow, m_lane;
  BlockStats m_stats;
  Softmax m_softmax[kTiles];
  float m_threshold;
  int m_visited = 0, m_skipped = 0;
  float m_output[kTiles][kDim / 8][4] = {};
};

template <class T, int kDim, int kKeys, int kTiles, bool kInstrumented>
__global__ void mmaAttention(const __grid_constant__ DeviceArgs args) {
  const int place = int(blockIdx.x);
  const int index = args.order ? __ldg(args.order + place) : place;
  const Item item(args, index);
  if (kInstrumented && threadIdx.x == 0) stampStart(args, index);
  MmaBlock<T, kDim, kKeys, kTiles, kInstrumented> block(args, item, sharedAddress(dynamicShared()));
  block.run();
  if (kInstrumented && threadIdx.x == 0) stampEnd(args, index);
}

}  // namespace ditscope::kernels::cuda
