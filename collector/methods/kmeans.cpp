// SPDX-License-Identifier: Apache-2.0
#include "collector/methods/kmeans.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <numeric>
#include <vector>

namespace ditscope::collector {
namespace {

// |x - c|^2 is smallest where x . c - |c|^2 / 2 is largest.
void assign(const at::Tensor& x, const at::Tensor& centroids, at::Tensor& labels) {
  const int64_t heads = x.size(0), tokens = x.size(1), clusters = centroids.size(1);
  const at::Tensor offset = centroids.square().sum(2).mul(-0.5).unsqueeze(1);  // [H, 1, C]
  const at::Tensor across = centroids.transpose(1, 2);
  const int64_t step = std::max<int64_t>((1 << 24) / (heads * clusters), 1);
  for (int64_t begin = 0; begin < tokens; begin += step) {
    const int64_t count = std::min(step, tokens - begin);
    const at::Tensor nearness = at::baddbmm(offset, x.narrow(1, begin, count), across);
    labels.narrow(1, begin, count).copy_(nearness.argmax(2));
  }
}

// Plain loops: index_add over rows dispatches once a row, which costs more than the sums.
void update(const at::Tensor& x, Clusters& clusters) {
  const int64_t tokens = x.size(1), dim = x.size(2), count = clusters.centroids.size(1);
  at::parallel_for(0, x.size(0), 1, [&](int64_t firstHead, int64_t lastHead) {
    std::vector<double> sums(static_cast<size_t>(count * dim));
    for (int64_t h = firstHead; h < lastHead; ++h) {
      const float* row = x.data_ptr<float>() + h * tokens * dim;
      const int64_t* labels = clusters.labels.data_ptr<int64_t>() + h * tokens;
      int64_t* sizes = clusters.sizes.data_ptr<int64_t>() + h * count;
      float* centroids = clusters.centroids.data_ptr<float>() + h * count * dim;
      std::fill(sums.begin(), sums.end(), 0);
      std::fill_n(sizes, count, 0);
      for (int64_t i = 0; i < tokens; ++i, row += dim) {
        double* sum = &sums[size_t(labels[i] * dim)];
        for (int64_t d = 0; d < dim; ++d) sum[d] += double(row[d]);
        ++sizes[labels[i]];
      }
      for (int64_t i = 0; i < count * dim; ++i) {
        if (sizes[i / dim] > 0) centroids[i] = float(sums[size_t(i)] / double(sizes[i / dim]));
      }
    }
  });
}

// [C]: the old number of each cluster. centroids: [C, D].
std::vector<int64_t> chainOf(const at::Tensor& centroids) {
  const at::Tensor distances = at::cdist(centroids, centroids).contiguous();
  const int64_t count = centroids.size(0);
  std::vector<int64_t> chain(static_cast<size_t>(count));
  std::iota(chain.begin(), chain.end(), 0);
  for (auto at = chain.begin(); at + 1 < chain.end(); ++at) {
    const float* from = distances.data_ptr<float>() + *at * count;
    const auto nearest =
        std::min_element(at + 1, chain.end(), [from](int64_t a, int64_t b) { return from[a] < from[b]; });
    std::swap(at[1], *nearest);
  }
  return chain;
}

}  // namespace

at::Tensor sampledCentroids(const at::Tensor& x, int64_t count, uint64_t seed) {
  const at::Generator random = at::detail::createCPUGenerator(seed);
  std::vector<at::Tensor> heads;
  for (int64_t h = 0; h < x.size(0); ++h) {
    const at::Tensor tokens =
        at::randperm(x.size(1), random, at::TensorOptions(at::kLong)).narrow(0, 0, count);
    heads.push_back(x[h].index_select(0, tokens));
  }
  return at::stack(heads).to(at::kFloat);
}

Clusters kMeans(const at::Tensor& tokens, const at::Tensor& start, int iterations) {
  const at::Tensor x = tokens.to(at::kFloat).contiguous();
  Clusters clusters{at::zeros({x.size(0), x.size(1)}, at::kLong),
                    at::zeros({x.size(0), start.size(1)}, at::kLong),
                    start.clone(at::MemoryFormat::Contiguous)};
  at::Tensor labels = at::empty_like(clusters.labels);
  for (int i = 0; i < std::max(iterations, 1); ++i) {
    assign(x, clusters.centroids, labels);
    if (i > 0 && labels.equal(clusters.labels)) break;
    std::swap(labels, clusters.labels);
    update(x, clusters);
  }
  return clusters;
}

void chainNeighbours(Clusters& clusters) {
  for (int64_t h = 0; h < clusters.sizes.size(0); ++h) {
    const at::Tensor order = at::tensor(chainOf(clusters.centroids[h]), at::kLong);
    clusters.labels[h].copy_(at::argsort(order).index_select(0, clusters.labels[h]));
    clusters.sizes[h].copy_(clusters.sizes[h].index_select(0, order));
    clusters.centroids[h].copy_(clusters.centroids[h].index_select(0, order));
  }
}

}  // namespace ditscope::collector
