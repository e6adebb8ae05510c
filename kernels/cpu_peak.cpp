// SPDX-License-Identifier: Apache-2.0
#include "kernels/cpu_peak.h"

#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu_peak.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace ditscope::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

int64_t runFmaChains(int64_t steps) {
  // As many chains as the registers hold, so that latency does not count.
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL || HWY_TARGET == HWY_NEON
  constexpr int kChains = 24;
#else
  constexpr int kChains = 12;
#endif
  const hn::ScalableTag<float> f;
  hn::Vec<hn::ScalableTag<float>> chain[kChains];
  for (int i = 0; i < kChains; ++i) chain[i] = hn::Set(f, float(i));
  const auto factor = hn::Set(f, 0.999f);
  const auto term = hn::Set(f, 0.001f);
  for (int64_t step = 0; step < steps * 24 / kChains; ++step) {
#pragma GCC unroll 24
    for (int i = 0; i < kChains; ++i) chain[i] = hn::MulAdd(chain[i], factor, term);
  }
  auto sum = chain[0];
  for (int i = 1; i < kChains; ++i) sum = hn::Add(sum, chain[i]);
  volatile float sink = hn::GetLane(sum);
  (void)sink;
  return steps * 24 * 2 * int64_t(hn::Lanes(f));
}

}  // namespace ditscope::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ditscope::kernels {

HWY_EXPORT(runFmaChains);

int64_t runFmaChains(int64_t steps) {
  return HWY_DYNAMIC_DISPATCH(runFmaChains)(steps);
}

}  // namespace ditscope::kernels
#endif
