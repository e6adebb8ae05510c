// SPDX-License-Identifier: Apache-2.0
// The two matrix products of a (query block, key block) tile; included once per SIMD target.
// Scores are kept transposed, [key][query]: queries run along the vector lanes, so that maxima, exponentials
// and sums over keys need no work across lanes, and neither keys nor values have to be packed. A micro-kernel
// keeps R x 2 vectors of the result in registers and adds R broadcasts times 2 vectors a step.
#include <hwy/highway.h>

#include <cstdint>

#if defined(DITSCOPE_KERNELS_SIMD_TILE_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DITSCOPE_KERNELS_SIMD_TILE_H_
#undef DITSCOPE_KERNELS_SIMD_TILE_H_
#else
#define DITSCOPE_KERNELS_SIMD_TILE_H_
#endif

#include "kernels/simd_math.h"

HWY_BEFORE_NAMESPACE();
namespace ditscope::kernels::HWY_NAMESPACE {

// Rows of a micro-kernel. With 32 registers 12 x 2 accumulators and the operands fit, with 16 registers 6
// x 2.
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL || HWY_TARGET == HWY_NEON
inline constexpr int kWideRows = 12;
inline constexpr int kNarrowRows = 8;
#else
inline constexpr int kWideRows = 6;
inline constexpr int kNarrowRows = 4;
#endif

// How many rows the next micro-kernel takes: as many wide ones as leave no odd rest, then narrow ones.
HWY_INLINE int nextRows(int64_t rest) {
  if (rest % kWideRows == 0) return kWideRows;
  if (rest >= kNarrowRows) return kNarrowRows;
  return rest >= 4 ? 4 : 1;
}

HWY_INLINE int64_t panelWidth() {
  return 2 * int64_t(hn::Lanes(FloatTag()));
}

// scores[r][0..panel) = k[r] . q panel for R keys; max: running maximum over keys.
// qPanel: [dim][panel].
template <int R>
HWY_INLINE void scoreRows(const float* HWY_RESTRICT k, int64_t kStride, const float* HWY_RESTRICT qPanel,
                          int64_t dim, float* HWY_RESTRICT scores, int64_t scoreStride,
                          float* HWY_RESTRICT max) {
  const FloatTag f;
  const size_t lanes = hn::Lanes(f);
  Float sum[R][2];
  for (int r = 0; r < R; ++r) sum[r][0] = sum[r][1] = hn::Zero(f);
  for (int64_t d = 0; d < dim; ++d) {
    const Float q0 = hn::Load(f, qPanel);
    const Float q1 = hn::Load(f, qPanel + lanes);
    qPanel += 2 * lanes;
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
      const Float kr = hn::Set(f, k[r * kStride + d]);
      sum[r][0] = hn::MulAdd(kr, q0, sum[r][0]);
      sum[r][1] = hn::MulAdd(kr, q1, sum[r][1]);
    }
  }
  Float max0 = hn::Load(f, max);
  Float max1 = hn::Load(f, max + lanes);
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) {
    hn::Store(sum[r][0], f, scores + r * scoreStride);
    hn::Store(sum[r][1], f, scores + r * scoreStride + lanes);
    max0 = hn::Max(max0, sum[r][0]);
    max1 = hn::Max(max1, sum[r][1]);
  }
  hn::Store(max0, f, max);
  hn::Store(max1, f, max + lanes);
}

// qPanels: [panels][dimPadded][panel]; scores: [keys][scoreStride], of which `queries` (a multiple of the
// panel) columns are written; max: [queries].
HWY_INLINE void scoreTile(const float* k, int64_t kStride, int64_t keys, const float* qPanels, int64_t dim,
                          int64_t dimPadded, int64_t queries, float* scores, int64_t scoreStride,
                          float* max) {
  const int64_t panel = panelWidth();
  for (int64_t q = 0; q < queries; q += panel) {
    const float* qPanel = qPanels + q * dimPadded;
    for (int64_t j = 0; j < keys;) {
      const int rows = nextRows(keys - j);
      const float* kRow = k + j * kStride;
      float* out = scores + j * scoreStride + q;
      if (rows == kWideRows) {
        scoreRows<kWideRows>(kRow, kStride, qPanel, dim, out, scoreStride, max + q);
      } else if (rows == kNarrowRows) {
        scoreRows<kNarrowRows>(kRow, kStride, qPanel, dim, out, scoreStride, max + q);
      } else if (rows == 4) {
        scoreRows<4>(kRow, kStride, qPanel, dim, out, scoreStride, max + q);
      } else {
        scoreRows<1>(kRow, kStride, qPanel, dim, out, scoreStride, max + q);
      }
      j += rows;
    }
  }
}

// output[r][0..V vectors) = rescale[r] * output[r] + sum over keys of weight[key][r] * v[key] for R queries.
template <int R, int V>
HWY_INLINE void valueRows(const float* HWY_RESTRICT weight, int64_t weightStride, const float* HWY_RESTRICT v,
                          int64_t vStride, int64_t keys, const float* HWY_RESTRICT rescale,
                          float* HWY_RESTRICT output, int64_t outputStride) {
  const FloatTag f;
  const size_t lanes = hn::Lanes(f);
  Float sum[R][V];
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) {
    const Float factor = hn::Set(f, rescale[r]);
    for (int c = 0; c < V; ++c)
      sum[r][c] = hn::Mul(factor, hn::Load(f, output + r * outputStride + c * lanes));
  }
  for (int64_t j = 0; j < keys; ++j) {
    Float vj[V];
    for (int c = 0; c < V; ++c) vj[c] = hn::LoadU(f, v + c * lanes);
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
      const Float w = hn::Set(f, weight[r]);
      for (int c = 0; c < V; ++c) sum[r][c] = hn::MulAdd(w, vj[c], sum[r][c]);
    }
    weight += weightStride;
    v += vStride;
  }
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) {
    for (int c = 0; c < V; ++c) hn::Store(sum[r][c], f, output + r * outputStride + c * lanes);
  }
}

template <int V>
HWY_INLINE void valueColumns(const float* weights, int64_t weightStride, const float* v, int64_t vStride,
                             int64_t keys, int64_t queries, const float* rescale, float* output,
                             int64_t outputStride) {
  for (int64_t q = 0; q < queries;) {
    const int rows = nextRows(queries - q);
    float* out = output + q * outputStride;
    if (rows == kWideRows) {
      valueRows<kWideRows, V>(weights + q, weightStride, v, vStride, keys, rescale + q, out, outputStride);
    } else if (rows == kNarrowRows) {
      valueRows<kNarrowRows, V>(weights + q, weightStride, v, vStride, keys, rescale + q, out, outputStride);
    } else {
      valueRows<4, V>(weights + q, weightStride, v, vStride, keys, rescale + q, out, outputStride);
    }
    q += rows;
  }
}

// output: [queries][outputStride], queries a multiple of 4; dim is rounded up to whole vectors, which v and
// output have to provide.
HWY_INLINE void valueTile(const float* weights, int64_t weightStride, const float* v, int64_t vStride,
                          int64_t keys, int64_t queries, int64_t dim, const float* rescale, float* output,
                          int64_t outputStride) {
  const int64_t lanes = int64_t(hn::Lanes(FloatTag()));
  int64_t d = 0;
  for (; d + lanes < dim; d += 2 * lanes)
    valueColumns<2>(weights, weightStride, v + d, vStride, keys, queries, rescale, output + d, outputStride);
  if (d < dim)
    valueColumns<1>(weights, weightStride, v + d, vStride, keys, queries, rescale, output + d, outputStride);
}

}  // namespace ditscope::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
