// SPDX-License-Identifier: Apache-2.0
// The online softmax of a query block whose score tile lies transposed, [key][query]: running maximum and sum
// of each query in vector lanes. Included once per SIMD target. Units of log2 inside.
#include <hwy/highway.h>

#include <algorithm>
#include <cstdint>
#include <limits>

#include "kernels/cpu_block.h"
#include "kernels/log_mass.h"

#if defined(DITSCOPE_KERNELS_SIMD_SOFTMAX_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DITSCOPE_KERNELS_SIMD_SOFTMAX_H_
#undef DITSCOPE_KERNELS_SIMD_SOFTMAX_H_
#else
#define DITSCOPE_KERNELS_SIMD_SOFTMAX_H_
#endif

#include "kernels/simd_math.h"
#include "kernels/simd_tile.h"

HWY_BEFORE_NAMESPACE();
namespace ditscope::kernels::HWY_NAMESPACE {

inline constexpr float kLog2E = 1.44269504f;
inline constexpr float kLn2 = 0.693147181f;
inline constexpr float kInfinity = std::numeric_limits<float>::infinity();

// Works on the scores, blockMax, max, sum and rescale of the scratch; columns is a multiple of the panel
// width.
class RunningSoftmax {
 public:
  RunningSoftmax(CpuScratch& scratch, int64_t columns) : m_scratch(scratch), m_columns(columns) {}

  void start() {
    std::fill_n(m_scratch.max, m_columns, -kInfinity);
    std::fill_n(m_scratch.sum, m_columns, 0.0f);
  }

  // max over rows of (block max - reference), in natural logits; rows without a comparable value are left
  // out. reference: [columns] in log2, or the running LSE.
  [[nodiscard]] float excessOver(const float* reference, int64_t rows) const {
    return excess(rows, [reference](int64_t q) { return hn::Load(FloatTag(), reference + q); });
  }
  [[nodiscard]] float excessOverRunningLse(int64_t rows) const {
    return excess(rows, [this](int64_t q) { return runningLse(q); });
  }

  // The scores of `keys` keys become weights and the running values move on. logMass: where the codes of the
  // `rows` rows for this key block go, or null.
  void weigh(int64_t keys, int16_t* logMass, int64_t rows) {
    for (int64_t q = 0; q < m_columns; q += panelWidth()) weighPanel(keys, q, logMass, rows);
  }

  // Turns the running values into their ends: max becomes the LSE, rescale the factor of the output.
  void finish() {
    const FloatTag f;
    for (int64_t q = 0; q < m_columns; q += int64_t(hn::Lanes(f))) {
      const Float sum = hn::Load(f, m_scratch.sum + q);
      const auto empty = hn::Eq(sum, hn::Zero(f));
      const Float lse = hn::Mul(hn::Set(f, kLn2), runningLse(q));
      hn::Store(hn::IfThenElse(empty, hn::Set(f, -kInfinity), lse), f, m_scratch.max + q);
      hn::Store(hn::IfThenZeroElse(empty, hn::Div(hn::Set(f, 1.0f), sum)), f, m_scratch.rescale + q);
    }
  }

 private:
  template <class Reference>
  HWY_INLINE float excess(int64_t rows, Reference reference) const {
    const FloatTag f;
    Float excesses = hn::Set(f, -kInfinity);
    for (int64_t q = 0; q < rows; q += int64_t(hn::Lanes(f))) {
      const Float difference = hn::Sub(hn::Load(f, m_scratch.blockMax + q), reference(q));
      const auto counts = hn::And(hn::FirstN(f, size_t(rows - q)), hn::Gt(difference, excesses));
      excesses = hn::IfThenElse(counts, difference, excesses);
    }
    return hn::GetLane(hn::MaxOfLanes(f, excesses)) * kLn2;
  }

  // In log2; -inf for a row without a key, NaN once a score was.
  HWY_INLINE Float runningLse(int64_t q) const {
    const FloatTag f;
    const Float sum = hn::Load(f, m_scratch.sum + q);
    const Float lse = hn::Add(hn::Load(f, m_scratch.max + q), log2Positive(sum));
    return hn::IfThenElse(hn::IsNaN(sum), sum, lse);
  }

  // Two vectors of queries: scores become weights, and the rows' running values move on.
  HWY_INLINE void weighPanel(int64_t keys, int64_t q, int16_t* logMass, int64_t rows) {
    const FloatTag f;
    const int64_t lanes = int64_t(hn::Lanes(f));
    const Float shift0 = newShift(q);
    const Float shift1 = newShift(q + lanes);
    Float sum0 = hn::Zero(f);
    Float sum1 = hn::Zero(f);
    float* scores = m_scratch.scores + q;
    for (int64_t j = 0; j < keys; ++j, scores += m_columns) {
      const Float weight0 = exp2Bounded(hn::Sub(hn::Load(f, scores), shift0));
      const Float weight1 = exp2Bounded(hn::Sub(hn::Load(f, scores + lanes), shift1));
      hn::Store(weight0, f, scores);
      hn::Store(weight1, f, scores + lanes);
      sum0 = hn::Add(sum0, weight0);
      sum1 = hn::Add(sum1, weight1);
    }
    addSum(q, sum0);
    addSum(q + lanes, sum1);
    if (logMass) {
      storeLogMass(logMass, rows, q, shift0, sum0);
      storeLogMass(logMass, rows, q + lanes, shift1, sum1);
    }
  }

  // Raises the running maximum, notes the factor for what was summed before, and returns the value to
  // subtract: the maximum, or 0 while a row has no key.
  HWY_INLINE Float newShift(int64_t q) {
    const FloatTag f;
    const Float before = hn::Load(f, m_scratch.max + q);
    const Float block = hn::Load(f, m_scratch.blockMax + q);
    const Float now = hn::IfThenElse(hn::Gt(block, before), block, before);
    const auto none = hn::Eq(now, hn::Set(f, -kInfinity));
    const Float shift = hn::IfThenZeroElse(none, now);
    hn::Store(now, f, m_scratch.max + q);
    hn::Store(exp2Bounded(hn::Sub(before, shift)), f, m_scratch.rescale + q);
    return shift;
  }

  HWY_INLINE void addSum(int64_t q, Float blockSum) {
    const FloatTag f;
    const Float rescale = hn::Load(f, m_scratch.rescale + q);
    hn::Store(hn::MulAdd(hn::Load(f, m_scratch.sum + q), rescale, blockSum), f, m_scratch.sum + q);
  }

  HWY_INLINE void storeLogMass(int16_t* logMass, int64_t rows, int64_t q, Float shift, Float sum) {
    const FloatTag f;
    const IntTag i;
    const hn::Rebind<int16_t, FloatTag> i16;
    const Float code = hn::Mul(hn::Set(f, 256.0f), hn::Add(shift, log2Positive(sum)));
    const Float bounded =
        hn::Min(hn::Max(hn::Round(code), hn::Set(f, float(kNoMass))), hn::Set(f, float(INT16_MAX)));
    auto rounded = hn::ConvertTo(i, bounded);
    rounded = hn::IfThenElse(hn::RebindMask(i, hn::Eq(sum, hn::Zero(f))), hn::Set(i, kNoMass), rounded);
    rounded = hn::IfThenElse(hn::RebindMask(i, hn::IsNaN(sum)), hn::Set(i, kNotVisited), rounded);
    HWY_ALIGN int16_t codes[hn::MaxLanes(i16)];
    hn::Store(hn::DemoteTo(i16, rounded), i16, codes);
    const int64_t count = std::clamp<int64_t>(rows - q, 0, int64_t(hn::Lanes(f)));
    std::copy_n(codes, count, logMass + q);
  }

  CpuScratch& m_scratch;
  int64_t m_columns;
};

}  // namespace ditscope::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
