// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <vector>

#include "kernels/block_walk.h"
#include "kernels/half_types.h"
#include "kernels/mask_search.h"
#include "kernels/parallel.h"

namespace ditscope::kernels {
namespace {

void require(bool good, const char* why) {
  if (!good) throw std::invalid_argument(std::string("mask search : ") + why);
}

void softmaxInPlace(std::span<float> row) {
  const float max = *std::max_element(row.begin(), row.end());
  float sum = 0;
  for (float& value : row) sum += value = std::exp(value - max);
  for (float& value : row) value /= sum;
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
  const int64_t blocks = ceilDiv(tensor.size[2], block);
  const int64_t dim = tensor.size[3];
  require(int64_t(out.size()) == tensor.size[0] * tensor.size[1] * blocks * dim,
          "pooled means of another size");
  parallelFor(tensor.size[0] * tensor.size[1] * blocks, resolveThreads(threads), [&](int64_t task, int) {
    const int64_t b = task / blocks / tensor.size[1];
    const int64_t h = task / blocks % tensor.size[1];
    const int64_t begin = task % blocks * block;
    const int64_t end = std::min(begin + block, tensor.size[2]);
    float* mean = &out[size_t(task * dim)];
    std::fill_n(mean, dim, 0.0f);
    for (int64_t n = begin; n < end; ++n) {
      const int64_t start = b * tensor.stride[0] + h * tensor.stride[1] + n * tensor.stride[2];
      for (int64_t d = 0; d < dim; ++d) mean[d] += loadElement(tensor.data, tensor.dtype, start + d);
    }
    for (int64_t d = 0; d < dim; ++d) mean[d] /= float(end - begin);
  });
}

void pooledScores(const BlockScoreArgs& args, std::span<float> scores, int threads) {
  const BlockGrid grid = gridOf(args);
  require(int64_t(scores.size()) == grid.blocks(), "scores of another size than the grid");
  if (scores.empty()) return;
  const int64_t dim = args.q.size[3];
  const int64_t heads = args.q.size[1];
  const int64_t kvHeads = args.k.size[1];
  const float scale = args.scale != 0 ? args.scale : 1 / std::sqrt(float(dim));
  std::vector<float> q(size_t(grid.lists * grid.qBlocks * dim));
  std::vector<float> k(size_t(args.k.size[0] * kvHeads * grid.kBlocks * dim));
  poolMean(args.q, args.qBlock, q, threads);
  poolMean(args.k, args.kBlock, k, threads);
  parallelFor(grid.lists * grid.qBlocks, resolveThreads(threads), [&](int64_t row, int) {
    const int64_t list = row / grid.qBlocks;
    const int64_t kvHead = list / heads * kvHeads + list % heads / (heads / kvHeads);
    const std::span<float> out = scores.subspan(size_t(row * grid.kBlocks), size_t(grid.kBlocks));
    const float* qMean = &q[size_t(row * dim)];
    for (int64_t t = 0; t < grid.kBlocks; ++t) {
      const float* kMean = &k[size_t((kvHead * grid.kBlocks + t) * dim)];
      float dot = 0;
      for (int64_t d = 0; d < dim; ++d) dot += qMean[d] * kMean[d];
      out[size_t(t)] = scale * dot;
    }
    softmaxInPlace(out);
  });
}

}  // namespace ditscope::kernels
