// SPDX-License-Identifier: Apache-2.0
// Means of blocks of rows, and how alike the rows of a block are.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <vector>

#include "kernels/block_walk.h"
#include "kernels/cpu_block.h"
#include "kernels/mask_search.h"
#include "kernels/mask_search_check.h"
#include "kernels/parallel.h"

namespace ditscope::kernels {
namespace {

// Centres the rows; their mean, and the mean cosine of all pairs, which is returned.
float meanAndSimilarity(float* rows, int64_t count, int64_t dim, const float* centre, float* mean) {
  constexpr int64_t kLanes = 16;  // sums side by side, so that the compiler can use vectors
  std::vector<float> directions(size_t(dim), 0.0f);
  std::fill_n(mean, dim, 0.0f);
  for (int64_t r = 0; r < count; ++r, rows += dim) {
    if (centre != nullptr)
      for (int64_t d = 0; d < dim; ++d) rows[d] -= centre[d];
    float squares[kLanes] = {};
    int64_t d = 0;
    for (; d + kLanes <= dim; d += kLanes)
      for (int64_t i = 0; i < kLanes; ++i) squares[i] += rows[d + i] * rows[d + i];
    for (; d < dim; ++d) squares[0] += rows[d] * rows[d];
    const float length = std::sqrt(std::accumulate(squares, squares + kLanes, 0.0f));
    const float inverse = length == 0 ? 0 : 1 / length;
    for (d = 0; d < dim; ++d) {
      mean[d] += rows[d];
      directions[size_t(d)] += rows[d] * inverse;
    }
  }
  double squared = 0;
  for (int64_t d = 0; d < dim; ++d) {
    mean[d] /= float(count);
    squared += double(directions[size_t(d)]) * double(directions[size_t(d)]);
  }
  return float(squared / double(count * count));
}

}  // namespace

void poolMean(const Tensor4& tensor, int32_t block, std::span<float> out, int threads) {
  requireForSearch(block > 0, "block widths must be positive");
  const int64_t blocks = ceilDiv(tensor.size[2], block);
  const int64_t dim = tensor.size[3];
  requireForSearch(int64_t(out.size()) == tensor.size[0] * tensor.size[1] * blocks * dim,
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

void poolWithSimilarity(const Tensor4& tensor, int32_t block, std::span<const float> centre,
                        std::span<float> mean, std::span<float> similarity, int threads) {
  requireForSearch(block > 0, "block widths must be positive");
  const int64_t heads = tensor.size[0] * tensor.size[1];
  const int64_t blocks = ceilDiv(tensor.size[2], block);
  const int64_t dim = tensor.size[3];
  requireForSearch(int64_t(mean.size()) == heads * blocks * dim, "pooled means of another size");
  requireForSearch(int64_t(similarity.size()) == heads * blocks, "similarities of another size");
  requireForSearch(centre.empty() || int64_t(centre.size()) == heads * dim, "a centre of another size");
  parallelFor(heads * blocks, resolveThreads(threads), [&](int64_t task, int) {
    const int64_t head = task / blocks;
    const int64_t begin = task % blocks * block;
    const int64_t rows = std::min<int64_t>(block, tensor.size[2] - begin);
    std::vector<float> values(size_t(rows * dim));
    convertRows(tensor, head / tensor.size[1], head % tensor.size[1], begin, rows, values.data(), dim);
    similarity[size_t(task)] =
        meanAndSimilarity(values.data(), rows, dim, centre.empty() ? nullptr : &centre[size_t(head * dim)],
                          &mean[size_t(task * dim)]);
  });
}

}  // namespace ditscope::kernels
