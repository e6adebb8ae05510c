// SPDX-License-Identifier: Apache-2.0
// exp2 and log2 on Highway vectors; included once per SIMD target (see Highway's foreach_target.h).
// Both are relative-minimax polynomials after an exact split of the exponent; NaN stays NaN.
#include <hwy/highway.h>

#if defined(DITSCOPE_KERNELS_SIMD_MATH_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DITSCOPE_KERNELS_SIMD_MATH_H_
#undef DITSCOPE_KERNELS_SIMD_MATH_H_
#else
#define DITSCOPE_KERNELS_SIMD_MATH_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace ditscope::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using FloatTag = hn::ScalableTag<float>;
using Float = hn::Vec<FloatTag>;
using IntTag = hn::RebindToSigned<FloatTag>;

// The larger of both; max where x is NaN.
HWY_INLINE Float raiseMax(Float max, Float x) {
#if HWY_ARCH_X86
  return hn::Max(x, max);  // one instruction, which gives its second operand when one is NaN
#else
  return hn::IfThenElse(hn::Gt(x, max), x, max);
#endif
}

// 2^x for x up to 126; 0 below -126. Relative error at most 2.5e-7.
HWY_INLINE Float exp2Bounded(Float x) {
  const FloatTag f;
  const IntTag i;
  // Adding 1.5 * 2^23 rounds to an integer and leaves it in the low bits of the significand.
  const Float shifter = hn::Set(f, 0x1.8p23f);
  const Float shifted = hn::Add(x, shifter);
  const Float fraction = hn::Sub(x, hn::Sub(shifted, shifter));  // in [-0.5, 0.5]
  Float p = hn::Set(f, 1.327647198e-03f);
  p = hn::MulAdd(p, fraction, hn::Set(f, 9.675541334e-03f));
  p = hn::MulAdd(p, fraction, hn::Set(f, 5.550713274e-02f));
  p = hn::MulAdd(p, fraction, hn::Set(f, 2.402211972e-01f));
  p = hn::MulAdd(p, fraction, hn::Set(f, 6.931469671e-01f));
  p = hn::MulAdd(p, fraction, hn::Set(f, 1.000000072e+00f));
  const auto exponent = hn::ShiftLeft<23>(hn::BitCast(i, shifted));
  const Float scaled = hn::BitCast(f, hn::Add(hn::BitCast(i, p), exponent));
  return hn::IfThenZeroElse(hn::Lt(x, hn::Set(f, -126.0f)), scaled);
}

// log2(x) for normal x > 0. Absolute error at most 3e-7 plus the rounding of the result.
HWY_INLINE Float log2Positive(Float x) {
  const FloatTag f;
  const IntTag i;
  const auto bits = hn::BitCast(i, x);
  // Split so that the significand lies in [sqrt(1/2), sqrt(2)).
  const auto exponent = hn::ShiftRight<23>(hn::Sub(bits, hn::Set(i, 0x3f3504f3)));
  const Float y = hn::Sub(hn::BitCast(f, hn::Sub(bits, hn::ShiftLeft<23>(exponent))), hn::Set(f, 1.0f));
  Float p = hn::Set(f, -1.497332625e-01f);
  p = hn::MulAdd(p, y, hn::Set(f, 2.357096361e-01f));
  p = hn::MulAdd(p, y, hn::Set(f, -2.483228119e-01f));
  p = hn::MulAdd(p, y, hn::Set(f, 2.868688762e-01f));
  p = hn::MulAdd(p, y, hn::Set(f, -3.602634619e-01f));
  p = hn::MulAdd(p, y, hn::Set(f, 4.809311622e-01f));
  p = hn::MulAdd(p, y, hn::Set(f, -7.213524874e-01f));
  p = hn::MulAdd(p, y, hn::Set(f, 1.442694922e+00f));
  return hn::MulAdd(p, y, hn::ConvertTo(f, exponent));
}

}  // namespace ditscope::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
