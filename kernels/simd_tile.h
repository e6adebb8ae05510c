// SPDX-License-Identifier: Apache-2.0
// The two matrix products of a (query block, key block) tile; included once per SIMD target.
// Scores are kept transposed, [key][query]: queries run along the vector lanes, so that maxima, exponentials
// and sums over keys need no work across lanes, and neither keys nor values have to be packed. A micro-kernel
// keeps R x 2 vectors of the result in registers and adds R broadcasts times 2 vectors a step.
#include <hwy/highway.h>

#include <algorithm>
#include <cstdint>

#if defined(DITSCOPE_KERNELS_SIMD_TILE_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DITSCOPE_KERNELS_SIMD_TILE_H_
#undef DITSCOPE_KERNELS_SIMD_TILE_H_
#else
#define DITSCOPE_KERNELS_SIMD_TILE_H_
#endif

#include "kernels/block_walk.h"
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

// Memory that the next product will read, brought into the second-level cache while this one computes, evenly
// over its steps: lists jump between key blocks in ways that the hardware does not foresee.
class FetchAhead {
 public:
  FetchAhead(const float* first, int64_t floats)
      : m_next(reinterpret_cast<const char*>(first)), m_floats(floats) {}

  void spreadOver(int64_t steps) { m_step = steps > 0 ? m_floats * int64_t(sizeof(float)) / steps : 0; }

  HWY_INLINE void step() {
    __builtin_prefetch(m_next, 0, 2);
    m_next += m_step;
  }

 private:
  const char* m_next;
  int64_t m_floats;
  int64_t m_step = 0;
};

HWY_INLINE int64_t panelWidth() {
  return 2 * int64_t(hn::Lanes(FloatTag()));
}

// scores[r][0..panel) = k[r] . q panel for R keys; max: running maximum over keys.
// qPanel: [dim][panel].
template <int R>
HWY_INLINE void scoreRows(const float* HWY_RESTRICT k, int64_t kStride, const float* HWY_RESTRICT qPanel,
                          int64_t dim, float* HWY_RESTRICT scores, int64_t scoreStride,
                          float* HWY_RESTRICT max, FetchAhead& fetch) {
  FetchAhead ahead = fetch;
  const FloatTag f;
  const size_t lanes = hn::Lanes(f);
  Float sum[R][2];
  for (int r = 0; r < R; ++r) sum[r][0] = sum[r][1] = hn::Zero(f);
  for (int64_t d = 0; d < dim; ++d) {
    ahead.step();
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
    max0 = raiseMax(max0, sum[r][0]);
    max1 = raiseMax(max1, sum[r][1]);
  }
  hn::Store(max0, f, max);
  hn::Store(max1, f, max + lanes);
  fetch = ahead;
}

// qPanels: [panels][dimPadded][panel]; scores: [keys][scoreStride], of which `queries` (a multiple of the
// panel) columns are written; max: [queries].
HWY_INLINE void scoreTile(const float* k, int64_t kStride, int64_t keys, const float* qPanels, int64_t dim,
                          int64_t dimPadded, int64_t queries, float* scores, int64_t scoreStride, float* max,
                          FetchAhead& ahead) {
  const int64_t panel = panelWidth();
  ahead.spreadOver(queries / panel * (keys / kWideRows + 1) * dim);
  for (int64_t q = 0; q < queries; q += panel) {
    const float* qPanel = qPanels + q * dimPadded;
    for (int64_t j = 0; j < keys;) {
      const int rows = nextRows(keys - j);
      const float* kRow = k + j * kStride;
      float* out = scores + j * scoreStride + q;
      if (rows == kWideRows) {
        scoreRows<kWideRows>(kRow, kStride, qPanel, dim, out, scoreStride, max + q, ahead);
      } else if (rows == kNarrowRows) {
        scoreRows<kNarrowRows>(kRow, kStride, qPanel, dim, out, scoreStride, max + q, ahead);
      } else if (rows == 4) {
        scoreRows<4>(kRow, kStride, qPanel, dim, out, scoreStride, max + q, ahead);
      } else {
        scoreRows<1>(kRow, kStride, qPanel, dim, out, scoreStride, max + q, ahead);
      }
      j += rows;
    }
  }
}

// The operands of a value product: output = rescale * output + weights^T v.
struct ValueTile {
  const float* weights;  // [keys][weightStride]
  int64_t weightStride;
  const float* v;  // [keys][vStride]
  int64_t vStride;
  int64_t keys;
  int64_t queries;  // a multiple of 4
  int64_t dim;
  const float* rescale;  // [queries]
  float* output;         // [queries][outputStride]: the columns that fill whole vectors
  int64_t outputStride;
  float*
      rest;  // [dim % lanes][weightStride]: the other columns, transposed, so that no lane is wasted on them
};

// output[r][0..V vectors) for R queries from query q and column d on.
template <int R, int V>
HWY_INLINE void valueRows(const ValueTile& t, int64_t q, int64_t d, FetchAhead& fetch) {
  const FloatTag f;
  const size_t lanes = hn::Lanes(f);
  const float* HWY_RESTRICT weight = t.weights + q;
  const float* HWY_RESTRICT v = t.v + d;
  float* HWY_RESTRICT output = t.output + q * t.outputStride + d;
  FetchAhead ahead = fetch;
  Float sum[R][V];
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) {
    const Float factor = hn::Set(f, t.rescale[q + r]);
    for (int c = 0; c < V; ++c)
      sum[r][c] = hn::Mul(factor, hn::Load(f, output + r * t.outputStride + c * lanes));
  }
  for (int64_t j = 0; j < t.keys; ++j) {
    ahead.step();
    Float vj[V];
    for (int c = 0; c < V; ++c) vj[c] = hn::LoadU(f, v + c * lanes);
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
      const Float w = hn::Set(f, weight[r]);
      for (int c = 0; c < V; ++c) sum[r][c] = hn::MulAdd(w, vj[c], sum[r][c]);
    }
    weight += t.weightStride;
    v += t.vStride;
  }
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) {
    for (int c = 0; c < V; ++c) hn::Store(sum[r][c], f, output + r * t.outputStride + c * lanes);
  }
  fetch = ahead;
}

// rest[c][two vectors of queries from q on] for C columns from column c0 of the rest.
template <int C>
HWY_INLINE void restColumns(const ValueTile& t, int64_t q, int64_t c0) {
  const FloatTag f;
  const size_t lanes = hn::Lanes(f);
  const float* HWY_RESTRICT weight = t.weights + q;
  const float* HWY_RESTRICT v = t.v + t.dim / lanes * lanes + c0;
  float* HWY_RESTRICT rest = t.rest + c0 * t.weightStride + q;
  const Float factor0 = hn::Load(f, t.rescale + q);
  const Float factor1 = hn::Load(f, t.rescale + q + lanes);
  Float sum[C][2];
#pragma GCC unroll 16
  for (int c = 0; c < C; ++c) {
    sum[c][0] = hn::Mul(factor0, hn::Load(f, rest + c * t.weightStride));
    sum[c][1] = hn::Mul(factor1, hn::Load(f, rest + c * t.weightStride + lanes));
  }
  for (int64_t j = 0; j < t.keys; ++j) {
    const Float w0 = hn::Load(f, weight);
    const Float w1 = hn::Load(f, weight + lanes);
#pragma GCC unroll 16
    for (int c = 0; c < C; ++c) {
      const Float vc = hn::Set(f, v[c]);
      sum[c][0] = hn::MulAdd(vc, w0, sum[c][0]);
      sum[c][1] = hn::MulAdd(vc, w1, sum[c][1]);
    }
    weight += t.weightStride;
    v += t.vStride;
  }
#pragma GCC unroll 16
  for (int c = 0; c < C; ++c) {
    hn::Store(sum[c][0], f, rest + c * t.weightStride);
    hn::Store(sum[c][1], f, rest + c * t.weightStride + lanes);
  }
}

// V vectors of columns from column d on. Three vectors leave registers for narrow micro-kernels only.
template <int V>
HWY_INLINE void valueColumns(const ValueTile& t, int64_t d, FetchAhead& ahead) {
  constexpr int kWide = V == 3 ? kNarrowRows : kWideRows;
  for (int64_t q = 0; q < t.queries;) {
    const int rows = std::min(nextRows(t.queries - q), kWide);
    if (rows == kWide) {
      valueRows<kWide, V>(t, q, d, ahead);
    } else if (rows == kNarrowRows) {
      valueRows<kNarrowRows, V>(t, q, d, ahead);
    } else {
      valueRows<4, V>(t, q, d, ahead);
    }
    q += rows;
  }
}

HWY_INLINE void valueTile(const ValueTile& t, FetchAhead& ahead) {
  const int64_t lanes = int64_t(hn::Lanes(FloatTag()));
  int64_t vectors = t.dim / lanes;
  ahead.spreadOver((vectors + 1) / 2 * (t.queries / kWideRows + 1) * t.keys);
  int64_t d = 0;
  for (; vectors > 3; vectors -= 2, d += 2 * lanes) valueColumns<2>(t, d, ahead);
  if (vectors == 3) valueColumns<3>(t, d, ahead);
  if (vectors == 2) valueColumns<2>(t, d, ahead);
  if (vectors == 1) valueColumns<1>(t, d, ahead);
  const int64_t rest = t.dim % lanes;
  for (int64_t q = 0; q < t.queries; q += panelWidth()) {
    int64_t c = 0;
    for (; c + kNarrowRows <= rest; c += kNarrowRows) restColumns<kNarrowRows>(t, q, c);
    for (; c + 4 <= rest; c += 4) restColumns<4>(t, q, c);
    for (; c < rest; ++c) restColumns<1>(t, q, c);
  }
}

}  // namespace ditscope::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
