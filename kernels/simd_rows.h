// SPDX-License-Identifier: Apache-2.0
// Moving rows into the form the kernel computes with: 16-bit floats to fp32, query rows into panels with
// queries along the lanes, mask bits transposed likewise. Included once per SIMD target.
#include <hwy/highway.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "kernels/attention.h"
#include "kernels/half_types.h"

#if defined(DITSCOPE_KERNELS_SIMD_ROWS_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DITSCOPE_KERNELS_SIMD_ROWS_H_
#undef DITSCOPE_KERNELS_SIMD_ROWS_H_
#else
#define DITSCOPE_KERNELS_SIMD_ROWS_H_
#endif

#include "kernels/simd_math.h"

HWY_BEFORE_NAMESPACE();
namespace ditscope::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Rows [row0, row0 + rows) of (b, h) as fp32, zero from dim to rowLength.
inline void convertRows(const Tensor4& tensor, int64_t b, int64_t h, int64_t row0, int64_t rows, float* out,
                        int64_t rowLength) {
  const int64_t dim = tensor.size[3];
  for (int64_t r = 0; r < rows; ++r, out += rowLength) {
    const int64_t start = b * tensor.stride[0] + h * tensor.stride[1] + (row0 + r) * tensor.stride[2];
    if (tensor.dtype == DType::F32) {
      std::memcpy(out, static_cast<const float*>(tensor.data) + start, size_t(dim) * sizeof(float));
    } else {
      const uint16_t* in = static_cast<const uint16_t*>(tensor.data) + start;
      if (tensor.dtype == DType::BF16) {
        for (int64_t d = 0; d < dim; ++d) out[d] = floatFromBf16(in[d]);
      } else {
        for (int64_t d = 0; d < dim; ++d) out[d] = floatFromF16(in[d]);
      }
    }
    std::fill(out + dim, out + rowLength, 0.0f);
  }
}

// panel[d][0..4) = scale * rows[0..4)[d] for d below dim, a multiple of 4.
#if HWY_TARGET == HWY_SCALAR
HWY_INLINE void transposeFourRows(const float* rows, int64_t rowLength, int64_t dim, float scale,
                                  float* panel, int64_t panelWidth) {
  for (int64_t r = 0; r < 4; ++r) {
    float* out = panel + r / panelWidth * panelWidth * rowLength + r % panelWidth;
    for (int64_t d = 0; d < dim; ++d) out[d * panelWidth] = scale * rows[r * rowLength + d];
  }
}
#else
HWY_INLINE void transposeFourRows(const float* rows, int64_t rowLength, int64_t dim, float scale,
                                  float* panel, int64_t panelStride) {
  const hn::FixedTag<float, 4> f;
  const hn::Repartition<uint64_t, decltype(f)> pair;
  const auto factor = hn::Set(f, scale);
  for (int64_t d = 0; d < dim; d += 4) {
    const auto r0 = hn::Mul(factor, hn::LoadU(f, rows + d));
    const auto r1 = hn::Mul(factor, hn::LoadU(f, rows + rowLength + d));
    const auto r2 = hn::Mul(factor, hn::LoadU(f, rows + 2 * rowLength + d));
    const auto r3 = hn::Mul(factor, hn::LoadU(f, rows + 3 * rowLength + d));
    const auto low01 = hn::BitCast(pair, hn::InterleaveLower(f, r0, r1));
    const auto high01 = hn::BitCast(pair, hn::InterleaveUpper(f, r0, r1));
    const auto low23 = hn::BitCast(pair, hn::InterleaveLower(f, r2, r3));
    const auto high23 = hn::BitCast(pair, hn::InterleaveUpper(f, r2, r3));
    float* out = panel + d * panelStride;
    hn::StoreU(hn::BitCast(f, hn::InterleaveLower(pair, low01, low23)), f, out);
    hn::StoreU(hn::BitCast(f, hn::InterleaveUpper(pair, low01, low23)), f, out + panelStride);
    hn::StoreU(hn::BitCast(f, hn::InterleaveLower(pair, high01, high23)), f, out + 2 * panelStride);
    hn::StoreU(hn::BitCast(f, hn::InterleaveUpper(pair, high01, high23)), f, out + 3 * panelStride);
  }
}
#endif

// Transposes an 8 x 8 bit matrix, byte i = row i.
HWY_INLINE uint64_t transposeBits(uint64_t x) {
  uint64_t t = (x ^ (x >> 7)) & 0x00aa00aa00aa00aaull;
  x ^= t ^ (t << 7);
  t = (x ^ (x >> 14)) & 0x0000cccc0000ccccull;
  x ^= t ^ (t << 14);
  t = (x ^ (x >> 28)) & 0x00000000f0f0f0f0ull;
  return x ^ t ^ (t << 28);
}

// The lanes whose bits, from bit `first` on, are set.
HWY_INLINE hn::Mask<FloatTag> lanesFromBits(const uint8_t* bits, int64_t first) {
  uint8_t aligned[8] = {};  // LoadMaskBits may read 8 bytes
  const size_t lanes = hn::Lanes(FloatTag());
  if (lanes >= 8) {
    std::memcpy(aligned, bits + first / 8, lanes / 8);
  } else {
    aligned[0] = uint8_t(bits[first / 8] >> (first % 8));
  }
  return hn::LoadMaskBits(FloatTag(), aligned);
}

}  // namespace ditscope::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
