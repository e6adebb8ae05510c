// SPDX-License-Identifier: Apache-2.0
// Scores of blocks for the mask search. Each is a softmax over sums of exp(score), which the tile code
// computes.
#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

#include "kernels/block_walk.h"
#include "kernels/cpu_block.h"
#include "kernels/head_rows.h"
#include "kernels/mask_search.h"
#include "kernels/parallel.h"

namespace ditscope::kernels {
namespace {

constexpr float kLog2E = 1.44269504f;

void require(bool good, const char* why) {
  if (!good) throw std::invalid_argument(std::string("mask search : ") + why);
}

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
  require(args.q.size[0] == args.k.size[0] && args.q.size[3] == args.k.size[3],
          "q and k do not fit together");
  require(args.k.size[1] > 0 && args.q.size[1] % args.k.size[1] == 0,
          "heads of q must be a multiple of heads of k");
  require(args.qBlock > 0 && args.kBlock > 0, "block widths must be positive");
  return {.lists = args.q.size[0] * args.q.size[1],
          .qBlocks = ceilDiv(args.q.size[2], args.qBlock),
          .kBlocks = ceilDiv(args.k.size[2], args.kBlock)};
}

void poolMean(const Tensor4& tensor, int32_t block, std::span<float> out, int threads) {
  require(block > 0, "block widths must be positive");
  const int64_t blocks = ceilDiv(tensor.size[2], block);
  const int64_t dim = tensor.size[3];
  require(int64_t(out.size()) == tensor.size[0] * tensor.size[1] * blocks * dim,
          "pooled means of another size");
  parallelFor(tensor.size[0] * tensor.size[1] * blocks, resolveThreads(threads), [&](int64_t task, int) {
    const int64_t head = task / blocks;
    const int64_t begin = task % blocks * block;
    const int64_t rows = std::min<int64_t>(block, tensor.size[2] - begin);
    std::vector<float> values(size_t(rows * dim));
    convertRows(tensor, head / tensor.size[1], head % tensor.size[1], begin, rows, values.data(), dim);
    float* mean = &out[size_t(task * dim)];
    std::fill_n(mean, dim, 0.0f);
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t d = 0; d < dim; ++d) mean[d] += values[size_t(r * dim + d)];
    for (int64_t d = 0; d < dim; ++d) mean[d] /= float(rows);
  });
}

void pooledScores(const BlockScoreArgs& args, std::span<float> scores, int threads) {
  const BlockGrid grid = gridOf(args);
  require(int64_t(scores.size()) == grid.blocks(), "scores of another size than the grid");
  if (scores.empty()) return;
  const int64_t dim = args.q.size[3];
  std::vector<float> q(size_t(grid.lists * grid.qBlocks * dim));
  std::vector<float> k(size_t(args.k.size[0] * args.k.size[1] * grid.kBlocks * dim));
  poolMean(args.q, args.qBlock, q, threads);
  poolMean(args.k, args.kBlock, k, threads);
  const int64_t parts = ceilDiv(grid.qBlocks, kMaxTileRows);
  parallelFor(grid.lists * parts, resolveThreads(threads), [&](int64_t task, int) {
    const int64_t list = task / parts;
    const ListHead head(args, list);
    const int64_t first = task % parts * kMaxTileRows;
    const int64_t rows = std::min(kMaxTileRows, grid.qBlocks - first);
    const float* keys = &k[size_t((head.b * args.k.size[1] + head.kvHead) * grid.kBlocks * dim)];
    std::vector<float> sums(size_t(grid.kBlocks * rows));
    computeTileSums({&q[size_t((list * grid.qBlocks + first) * dim)], rows, keys, grid.kBlocks, 1, dim,
                     scaleOf(args), sums.data()});
    softmaxOverBlocks(sums, rows, grid.kBlocks,
                      &scores[size_t((list * grid.qBlocks + first) * grid.kBlocks)]);
  });
}

void blockMassFromLse(const BlockScoreArgs& args, std::span<const float> lse, std::span<float> mass,
                      int threads) {
  const BlockGrid grid = gridOf(args);
  const int64_t queries = args.q.size[2];
  const int64_t dim = args.q.size[3];
  require(int64_t(mass.size()) == grid.blocks(), "masses of another size than the grid");
  require(int64_t(lse.size()) == grid.lists * queries, "one LSE is needed for each query row");
  require(args.qBlock <= kMaxTileRows, "query blocks of at most 128 rows");
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
  require(int64_t(mass.size()) == grid.lists * count * grid.kBlocks,
          "masses of another size than the sample");
  for (const int64_t row : rows)
    require(row >= 0 && row < args.q.size[2], "a sampled row lies outside the queries");
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
  require(int64_t(scores.size()) == grid.blocks(), "scores of another size than the grid");
  require(stride > 0 && args.qBlock % stride == 0 && args.kBlock % stride == 0,
          "block widths must be multiples of the stride");
  const int64_t groupRows = args.qBlock / stride;
  require(groupRows <= kMaxTileRows, "query blocks of at most 128 groups");
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
