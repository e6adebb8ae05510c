// SPDX-License-Identifier: Apache-2.0
// Scores of blocks for the mask search. Each is a softmax over sums of exp(score), which the tile code
// computes.
#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include "kernels/block_walk.h"
#include "kernels/cpu_block.h"
#include "kernels/head_rows.h"
#include "kernels/mask_search.h"
#include "kernels/mask_search_check.h"
#include "kernels/parallel.h"

namespace ditscope::kernels {
namespace {

constexpr float kLog2E = 1.44269504f;

float scaleOf(const BlockScoreArgs& args) {
  return args.scale != 0 ? args.scale : 1 / std::sqrt(float(args.q.size[3]));
}

// The (batch, head) of a list and the head of k that it reads.
struct ListHead {
  ListHead(const BlockScoreArgs& args, int64_t list)
      : b(list / args.q.size[1]), h(list % args.q.size[1]), kvHead(h / (args.q.size[1] / args.k.size[1])) {}
  int64_t b, h, kvHead;
};

// sums: [blocks][rows], log2. Each row's share of the blocks, out: [rows][blocks].
void softmaxOverBlocks(const std::vector<float>& sums, int64_t rows, int64_t blocks, float* out) {
  std::vector<float> max(static_cast<size_t>(blocks));
  for (int64_t r = 0; r < rows; ++r, out += blocks) {
    for (int64_t t = 0; t < blocks; ++t) out[t] = sums[size_t(t * rows + r)];
    std::fill(max.begin(), max.end(), *std::max_element(out, out + blocks));
    const float lse = max[0] + std::log2(sumExp2(out, max.data(), blocks));
    for (int64_t t = 0; t < blocks; ++t) out[t] = std::exp2(out[t] - lse);
  }
}

// Some of a head's key blocks, put together.
struct Taking {
  // means: [blocks][dim]; takes: one byte a block, or empty for all.
  Taking(std::span<const float> means, int64_t dim, int64_t blocks, std::span<const uint8_t> takes)
      : count(blocks), data(means.data()), m_blocks(blocks) {
    if (takes.empty()) return;
    for (int64_t t = 0; t < blocks; ++t)
      if (takes[size_t(t)] != 0) m_index.push_back(t);
    count = int64_t(m_index.size());
    if (count == blocks) return;
    for (const int64_t t : m_index)
      m_means.insert(m_means.end(), &means[size_t(t * dim)], &means[size_t(t * dim)] + dim);
    data = m_means.data();
  }

  // From [count] to [blocks], zeros between.
  void spread(const float* in, float* out) const {
    if (count == m_blocks) {
      std::copy_n(in, count, out);
      return;
    }
    std::fill_n(out, m_blocks, 0.0f);
    for (int64_t i = 0; i < count; ++i) out[m_index[size_t(i)]] = in[i];
  }

  int64_t count;
  const float* data;  // [count][dim]

 private:
  int64_t m_blocks;
  std::vector<int64_t> m_index;
  std::vector<float> m_means;
};

// The tokens of a tensor in groups of `stride`, [B, H, groups, stride * D] in fp32; missing tokens are zeros.
std::vector<float> groupTokens(const Tensor4& tensor, int64_t stride, bool reversed, int threads) {
  const int64_t dim = tensor.size[3];
  const int64_t groups = ceilDiv(tensor.size[2], stride);
  std::vector<float> out(size_t(tensor.size[0] * tensor.size[1] * groups * stride * dim));
  parallelFor(tensor.size[0] * tensor.size[1] * groups, threads, [&](int64_t task, int) {
    const int64_t head = task / groups;
    for (int64_t i = 0; i < stride; ++i) {
      const int64_t token = task % groups * stride + (reversed ? stride - 1 - i : i);
      if (token >= tensor.size[2]) continue;
      convertRows(tensor, head / tensor.size[1], head % tensor.size[1], token, 1,
                  &out[size_t((task * stride + i) * dim)], dim);
    }
  });
  return out;
}

}  // namespace

BlockGrid gridOf(const BlockScoreArgs& args) {
  requireForSearch(args.q.size[0] == args.k.size[0] && args.q.size[3] == args.k.size[3],
                   "q and k do not fit together");
  requireForSearch(args.k.size[1] > 0 && args.q.size[1] % args.k.size[1] == 0,
                   "heads of q must be a multiple of heads of k");
  requireForSearch(args.qBlock > 0 && args.kBlock > 0, "block widths must be positive");
  return {.lists = args.q.size[0] * args.q.size[1],
          .qBlocks = ceilDiv(args.q.size[2], args.qBlock),
          .kBlocks = ceilDiv(args.k.size[2], args.kBlock)};
}

void pooledScores(const BlockScoreArgs& args, std::span<float> scores, int threads) {
  const BlockGrid grid = gridOf(args);
  const int64_t dim = args.q.size[3];
  std::vector<float> q(size_t(grid.lists * grid.qBlocks * dim));
  std::vector<float> k(size_t(args.k.size[0] * args.k.size[1] * grid.kBlocks * dim));
  poolMean(args.q, args.qBlock, q, threads);
  poolMean(args.k, args.kBlock, k, threads);
  pooledScores(args, {.q = q, .k = k, .takes = {}}, scores, threads);
}

void pooledScores(const BlockScoreArgs& args, const BlockMeans& means, std::span<float> scores, int threads) {
  const BlockGrid grid = gridOf(args);
  const int64_t dim = args.q.size[3];
  requireForSearch(int64_t(scores.size()) == grid.blocks(), "scores of another size than the grid");
  requireForSearch(int64_t(means.q.size()) == grid.lists * grid.qBlocks * dim, "means of q of another size");
  requireForSearch(int64_t(means.k.size()) == args.k.size[0] * args.k.size[1] * grid.kBlocks * dim,
                   "means of k of another size");
  requireForSearch(means.takes.empty() || int64_t(means.takes.size()) == grid.lists * grid.kBlocks,
                   "key blocks that take part are not given for the whole grid");
  if (scores.empty()) return;
  const int64_t parts = ceilDiv(grid.qBlocks, kMaxTileRows);
  parallelFor(grid.lists * parts, resolveThreads(threads), [&](int64_t task, int) {
    const int64_t list = task / parts;
    const ListHead head(args, list);
    const int64_t first = task % parts * kMaxTileRows;
    const int64_t rows = std::min(kMaxTileRows, grid.qBlocks - first);
    const Taking keys(means.k.subspan(size_t((head.b * args.k.size[1] + head.kvHead) * grid.kBlocks * dim)),
                      dim, grid.kBlocks,
                      means.takes.empty() ? means.takes : means.takes.subspan(size_t(list * grid.kBlocks)));
    std::vector<float> sums(size_t(keys.count * rows));
    std::vector<float> shares(sums.size());
    if (keys.count > 0) {
      computeTileSums({&means.q[size_t((list * grid.qBlocks + first) * dim)], rows, keys.data, keys.count, 1,
                       dim, scaleOf(args), sums.data()});
      softmaxOverBlocks(sums, rows, keys.count, shares.data());
    }
    for (int64_t r = 0; r < rows; ++r)
      keys.spread(&shares[size_t(r * keys.count)],
                  &scores[size_t((list * grid.qBlocks + first + r) * grid.kBlocks)]);
  });
}

void blockMassFromLse(const BlockScoreArgs& args, std::span<const float> lse, std::span<float> mass,
                      int threads) {
  const BlockGrid grid = gridOf(args);
  const int64_t queries = args.q.size[2];
  const int64_t dim = args.q.size[3];
  requireForSearch(int64_t(mass.size()) == grid.blocks(), "masses of another size than the grid");
  requireForSearch(int64_t(lse.size()) == grid.lists * queries, "one LSE is needed for each query row");
  requireForSearch(args.qBlock <= kMaxTileRows, "query blocks of at most 128 rows");
  threads = resolveThreads(threads);
  RowMemory memory;
  const RowsOfHeads keys(args.k, args.k.size[2], memory, threads);
  parallelFor(grid.lists * grid.qBlocks, threads, [&](int64_t task, int) {
    const ListHead head(args, task / grid.qBlocks);
    const int64_t row0 = task % grid.qBlocks * args.qBlock;
    const int64_t rows = std::min<int64_t>(args.qBlock, queries - row0);
    std::vector<float> q(size_t(rows * dim));
    std::vector<float> sums(size_t(grid.kBlocks * rows));
    convertRows(args.q, head.b, head.h, row0, rows, q.data(), dim);
    computeTileSums({q.data(), rows, keys.head(head.b, head.kvHead), args.k.size[2], args.kBlock, dim,
                     scaleOf(args), sums.data()});
    std::vector<float> shift(static_cast<size_t>(rows));
    for (int64_t r = 0; r < rows; ++r) {
      const float rowLse = lse[size_t(task / grid.qBlocks * queries + row0 + r)];
      shift[size_t(r)] = rowLse == -INFINITY ? INFINITY : rowLse * kLog2E;
    }
    for (int64_t t = 0; t < grid.kBlocks; ++t)
      mass[size_t(task * grid.kBlocks + t)] =
          sumExp2(&sums[size_t(t * rows)], shift.data(), rows) / float(rows);
  });
}

void sampledRowMass(const BlockScoreArgs& args, std::span<const int64_t> rows, std::span<float> mass,
                    int threads) {
  const BlockGrid grid = gridOf(args);
  const int64_t dim = args.q.size[3];
  const int64_t count = int64_t(rows.size());
  requireForSearch(int64_t(mass.size()) == grid.lists * count * grid.kBlocks,
                   "masses of another size than the sample");
  for (const int64_t row : rows)
    requireForSearch(row >= 0 && row < args.q.size[2], "a sampled row lies outside the queries");
  if (mass.empty()) return;
  threads = resolveThreads(threads);
  RowMemory memory;
  const RowsOfHeads keys(args.k, args.k.size[2], memory, threads);
  const int64_t parts = ceilDiv(count, kMaxTileRows);
  parallelFor(grid.lists * parts, threads, [&](int64_t task, int) {
    const ListHead head(args, task / parts);
    const int64_t first = task % parts * kMaxTileRows;
    const int64_t some = std::min(kMaxTileRows, count - first);
    std::vector<float> q(size_t(some * dim));
    std::vector<float> sums(size_t(grid.kBlocks * some));
    for (int64_t r = 0; r < some; ++r)
      convertRows(args.q, head.b, head.h, rows[size_t(first + r)], 1, &q[size_t(r * dim)], dim);
    computeTileSums({q.data(), some, keys.head(head.b, head.kvHead), args.k.size[2], args.kBlock, dim,
                     scaleOf(args), sums.data()});
    softmaxOverBlocks(sums, some, grid.kBlocks, &mass[size_t((task / parts * count + first) * grid.kBlocks)]);
  });
}

void antidiagonalScores(const BlockScoreArgs& args, int32_t stride, std::span<float> scores, int threads) {
  const BlockGrid grid = gridOf(args);
  requireForSearch(int64_t(scores.size()) == grid.blocks(), "scores of another size than the grid");
  requireForSearch(stride > 0 && args.qBlock % stride == 0 && args.kBlock % stride == 0,
                   "block widths must be multiples of the stride");
  const int64_t groupRows = args.qBlock / stride;
  requireForSearch(groupRows <= kMaxTileRows, "query blocks of at most 128 groups");
  threads = resolveThreads(threads);
  const std::vector<float> q = groupTokens(args.q, stride, true, threads);
  const std::vector<float> k = groupTokens(args.k, stride, false, threads);
  const int64_t dim = args.q.size[3] * stride;
  const int64_t queries = ceilDiv(args.q.size[2], stride);
  const int64_t keys = ceilDiv(args.k.size[2], stride);
  // As many query blocks at a time as fill a tile.
  const int64_t together = kMaxTileRows / groupRows;
  const int64_t parts = ceilDiv(grid.qBlocks, together);
  parallelFor(grid.lists * parts, threads, [&](int64_t task, int) {
    const int64_t list = task / parts;
    const ListHead head(args, list);
    const int64_t firstBlock = task % parts * together;
    const int64_t row0 = firstBlock * groupRows;
    const int64_t rows = std::min(together * groupRows, queries - row0);
    std::vector<float> sums(size_t(grid.kBlocks * rows));
    std::vector<float> share(sums.size());
    computeTileSums({&q[size_t((list * queries + row0) * dim)], rows,
                     &k[size_t((head.b * args.k.size[1] + head.kvHead) * keys * dim)], keys,
                     args.kBlock / stride, dim, scaleOf(args) / float(stride), sums.data()});
    softmaxOverBlocks(sums, rows, grid.kBlocks, share.data());
    for (int64_t r = 0; r < rows; ++r) {
      const int64_t g = firstBlock + r / groupRows;
      const int64_t blockRows = std::min(groupRows, queries - g * groupRows);
      float* out = &scores[size_t((list * grid.qBlocks + g) * grid.kBlocks)];
      for (int64_t t = 0; t < grid.kBlocks; ++t)
        out[t] = (r % groupRows == 0 ? 0 : out[t]) + share[size_t(r * grid.kBlocks + t)] / float(blockRows);
    }
  });
}

}  // namespace ditscope::kernels
