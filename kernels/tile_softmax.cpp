// SPDX-License-Identifier: Apache-2.0
#include "kernels/tile_softmax.h"

#include <algorithm>
#include <cmath>

#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/tile_softmax.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/simd_math.h"

HWY_BEFORE_NAMESPACE();
namespace ditscope::kernels::bench::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
namespace simd = kernels::HWY_NAMESPACE;
using simd::Float;
using simd::FloatTag;

float rowMax(const float* row, int64_t columns, float start) {
  const FloatTag f;
  const int64_t lanes = int64_t(hn::Lanes(f));
  Float best = hn::Set(f, start);
  int64_t c = 0;
  for (; c + lanes <= columns; c += lanes) best = hn::Max(best, hn::LoadU(f, row + c));
  float max = hn::GetLane(hn::MaxOfLanes(f, best));
  for (; c < columns; ++c) max = std::max(max, row[c]);
  return max;
}

float exponentials(float* row, int64_t columns, float max) {  // in place; returns their sum
  const FloatTag f;
  const int64_t lanes = int64_t(hn::Lanes(f));
  Float sums = hn::Zero(f);
  int64_t c = 0;
  for (; c + lanes <= columns; c += lanes) {
    const Float weight = simd::exp2Bounded(hn::Sub(hn::LoadU(f, row + c), hn::Set(f, max)));
    hn::StoreU(weight, f, row + c);
    sums = hn::Add(sums, weight);
  }
  float sum = hn::GetLane(hn::SumOfLanes(f, sums));
  for (; c < columns; ++c) sum += row[c] = std::exp2(row[c] - max);
  return sum;
}

void softmaxTile(float* scores, int64_t rows, int64_t columns, RowState* state, float* outputs, int64_t dim) {
  for (int64_t r = 0; r < rows; ++r) {
    float* row = scores + r * columns;
    const float max = rowMax(row, columns, state[r].max);
    const float rescale = std::exp2(state[r].max - max);
    state[r] = {max, state[r].sum * rescale + exponentials(row, columns, max)};
    if (rescale == 1) continue;
    for (int64_t d = 0; d < dim; ++d) outputs[r * dim + d] *= rescale;
  }
}

}  // namespace ditscope::kernels::bench::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ditscope::kernels::bench {

HWY_EXPORT(softmaxTile);

void softmaxTile(float* scores, int64_t rows, int64_t columns, RowState* state, float* outputs, int64_t dim) {
  HWY_DYNAMIC_DISPATCH(softmaxTile)(scores, rows, columns, state, outputs, dim);
}

}  // namespace ditscope::kernels::bench
#endif
