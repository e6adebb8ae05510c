// SPDX-License-Identifier: Apache-2.0
#include "collector/bench/flash_loop.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "kernels/tile_softmax.h"

namespace ditscope::collector::bench {
namespace {

constexpr int64_t kKeyTile = 512;
constexpr double kLog2E = 1.4426950408889634;

int64_t queryTile(int64_t tokens) {  // as PyTorch chooses it
  return tokens >= 768 ? 256 : tokens >= 192 ? 64 : 32;
}

// Scratch of one thread, reused by its tiles.
struct Scratch {
  at::Tensor scores, outputs;
  std::vector<kernels::bench::RowState> state;
};

// q: [rows, D]; k, v: [N, D]; out: [rows, D].
void oneTile(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, at::Tensor out,
             Scratch& scratch) {
  const int64_t rows = q.size(0), keys = k.size(0), dim = q.size(1);
  const double scale = kLog2E / std::sqrt(double(dim));
  at::Tensor outputs = scratch.outputs.narrow(0, 0, rows).zero_();
  scratch.state.assign(size_t(rows), {-std::numeric_limits<float>::infinity(), 0});
  for (int64_t first = 0; first < keys; first += kKeyTile) {
    const int64_t columns = std::min(kKeyTile, keys - first);
    at::Tensor scores = scratch.scores.narrow(0, 0, rows * columns).view({rows, columns});
    at::addmm_out(scores, scores, q, k.narrow(0, first, columns).t(), 0, scale);
    kernels::bench::softmaxTile(scores.data_ptr<float>(), rows, columns, scratch.state.data(),
                                outputs.data_ptr<float>(), dim);
    outputs.addmm_(scores, v.narrow(0, first, columns));
  }
  const float* sums = outputs.data_ptr<float>();
  float* target = out.data_ptr<float>();
  for (int64_t r = 0; r < rows; ++r) {
    const float inverse = 1 / scratch.state[size_t(r)].sum;
    for (int64_t d = 0; d < dim; ++d) target[r * dim + d] = sums[r * dim + d] * inverse;
  }
}

}  // namespace

void flashLoop(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const at::Tensor& out) {
  const int64_t heads = q.size(0) * q.size(1), tokens = q.size(2), dim = q.size(3);
  const int64_t tile = queryTile(tokens), tiles = (tokens + tile - 1) / tile;
  const auto perHead = [&](const at::Tensor& x) { return x.view({heads, tokens, dim}); };
  // LibTorch and an OpenMP BLAS compute on one thread inside a parallel region.
  at::parallel_for(0, heads * tiles, 1, [&](int64_t begin, int64_t end) {
    const c10::InferenceMode noAutograd;
    Scratch scratch{at::empty({tile * kKeyTile}, q.options()), at::empty({tile, dim}, q.options()), {}};
    for (int64_t task = begin; task < end; ++task) {
      const int64_t head = task / tiles, first = task % tiles * tile;
      const int64_t rows = std::min(tile, tokens - first);
      oneTile(perHead(q)[head].narrow(0, first, rows), perHead(k)[head], perHead(v)[head],
              perHead(out)[head].narrow(0, first, rows), scratch);
    }
  });
}

}  // namespace ditscope::collector::bench
