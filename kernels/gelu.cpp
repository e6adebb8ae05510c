// SPDX-License-Identifier: Apache-2.0
#include "kernels/gelu.h"

#include <algorithm>

#include "kernels/parallel.h"

#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/gelu.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/simd_math.h"

HWY_BEFORE_NAMESPACE();
namespace ditscope::kernels::HWY_NAMESPACE {

// (1 + tanh(u)) / 2 = 1 / (1 + exp(-2 u)), which unlike the left side loses no digits for negative u.
HWY_INLINE Float geluTanh(Float x) {
  const FloatTag f;
  constexpr float kScale = -2 * 0.797884561f * 1.44269504f;  // -2 sqrt(2 / pi) log2(e)
  const Float cubic = hn::MulAdd(hn::Mul(x, x), hn::Set(f, 0.044715f * kScale), hn::Set(f, kScale));
  const Float exponent = hn::Min(hn::Mul(x, cubic), hn::Set(f, 126.0f));
  return hn::Div(x, hn::Add(hn::Set(f, 1.0f), exp2Bounded(exponent)));
}

void geluTanhOf(const float* in, float* out, int64_t count) {
  const FloatTag f;
  const int64_t lanes = int64_t(hn::Lanes(f));
  int64_t i = 0;
  for (; i + lanes <= count; i += lanes) hn::StoreU(geluTanh(hn::LoadU(f, in + i)), f, out + i);
  if (i == count) return;
  HWY_ALIGN float rest[hn::MaxLanes(FloatTag())] = {};
  std::copy(in + i, in + count, rest);
  hn::Store(geluTanh(hn::Load(f, rest)), f, rest);
  std::copy_n(rest, count - i, out + i);
}

}  // namespace ditscope::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ditscope::kernels {

HWY_EXPORT(geluTanhOf);

void geluTanh(const float* in, float* out, int64_t count, int threads) {
  constexpr int64_t kChunk = 1 << 15;  // takes longer than a thread takes to wake
  parallelFor((count + kChunk - 1) / kChunk, resolveThreads(threads), [&](int64_t chunk, int) {
    const int64_t first = chunk * kChunk;
    HWY_DYNAMIC_DISPATCH(geluTanhOf)(in + first, out + first, std::min(kChunk, count - first));
  });
}

}  // namespace ditscope::kernels
#endif
