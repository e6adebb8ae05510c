// SPDX-License-Identifier: Apache-2.0
// Sums of exp(score) over blocks of keys, without values: what the mask search computes with. Included once
// per SIMD target.
#include <hwy/highway.h>

#include <algorithm>
#include <cstdint>
#include <limits>

#include "kernels/cpu_block.h"

#if defined(DITSCOPE_KERNELS_SIMD_TILE_SUMS_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DITSCOPE_KERNELS_SIMD_TILE_SUMS_H_
#undef DITSCOPE_KERNELS_SIMD_TILE_SUMS_H_
#else
#define DITSCOPE_KERNELS_SIMD_TILE_SUMS_H_
#endif

#include "kernels/simd_rows.h"
#include "kernels/simd_tile.h"

HWY_BEFORE_NAMESPACE();
namespace ditscope::kernels::HWY_NAMESPACE {

inline void computeTileSums(const TileSums& sums) {
  const FloatTag f;
  const int64_t lanes = int64_t(hn::Lanes(f));
  const int64_t panel = panelWidth();
  const int64_t columns = ceilDiv(sums.rows, std::max<int64_t>(panel, 4)) * std::max<int64_t>(panel, 4);
  const int64_t dimPadded = ceilDiv(sums.dim, 4) * 4;
  const auto memory =
      hwy::AllocateAligned<float>(size_t((dimPadded + sums.kBlock + 1) * columns + 4 * dimPadded));
  float* qPanels = memory.get();
  float* scores = qPanels + dimPadded * columns;
  float* max = scores + sums.kBlock * columns;
  float* rows = max + columns;
  for (int64_t column = 0; column < columns; column += 4) {
    std::fill_n(rows, 4 * dimPadded, 0.0f);
    for (int64_t r = column; r < std::min(column + 4, sums.rows); ++r)
      std::copy_n(sums.q + r * sums.dim, sums.dim, rows + (r - column) * dimPadded);
    transposeFourRows(rows, dimPadded, dimPadded, sums.scale * 1.44269504f,
                      qPanels + column / panel * panel * dimPadded + column % panel, panel);
  }
  for (int64_t key = 0, t = 0; key < sums.keys; key += sums.kBlock, ++t) {
    const int64_t keys = std::min(sums.kBlock, sums.keys - key);
    const float* next = sums.k + (key + keys) * sums.dim;
    FetchAhead ahead(next, std::min(sums.kBlock, sums.keys - key - keys) * sums.dim);
    std::fill_n(max, columns, -std::numeric_limits<float>::infinity());
    scoreTile(sums.k + key * sums.dim, sums.dim, keys, qPanels, sums.dim, dimPadded, columns, scores, columns,
              max, ahead);
    for (int64_t q = 0; q < columns; q += lanes) {
      const Float shift = hn::Load(f, max + q);
      Float sum = hn::Zero(f);
      for (int64_t j = 0; j < keys; ++j)
        sum = hn::Add(sum, exp2Bounded(hn::Sub(hn::Load(f, scores + j * columns + q), shift)));
      hn::Store(hn::Add(shift, log2Positive(sum)), f, max + q);
    }
    std::copy_n(max, sums.rows, sums.out + t * sums.rows);
  }
}

inline float sumExp2(const float* x, const float* shift, int64_t count) {
  const FloatTag f;
  const int64_t lanes = int64_t(hn::Lanes(f));
  HWY_ALIGN float tail[hn::MaxLanes(FloatTag())] = {};
  Float sum = hn::Zero(f);
  int64_t i = 0;
  for (; i + lanes <= count; i += lanes)
    sum = hn::Add(sum, exp2Bounded(hn::Sub(hn::LoadU(f, x + i), hn::LoadU(f, shift + i))));
  for (int64_t r = 0; r < lanes; ++r)
    tail[r] = i + r < count ? x[i + r] - shift[i + r] : -std::numeric_limits<float>::infinity();
  sum = hn::Add(sum, exp2Bounded(hn::Load(f, tail)));
  return hn::GetLane(hn::SumOfLanes(f, sum));
}

}  // namespace ditscope::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
