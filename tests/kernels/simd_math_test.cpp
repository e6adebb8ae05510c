// SPDX-License-Identifier: Apache-2.0
// The stated accuracy of the vector functions, on every instruction set that the machine has.
#include <cmath>
#include <limits>
#include <vector>

#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tests/kernels/simd_math_test.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/simd_math.h"

HWY_BEFORE_NAMESPACE();
namespace ditscope::kernels::HWY_NAMESPACE {

// In place; the size is a multiple of 16.
inline void exp2All(std::vector<float>& values) {
  const FloatTag f;
  for (size_t i = 0; i < values.size(); i += hn::Lanes(f))
    hn::StoreU(exp2Bounded(hn::LoadU(f, &values[i])), f, &values[i]);
}

inline void log2All(std::vector<float>& values) {
  const FloatTag f;
  for (size_t i = 0; i < values.size(); i += hn::Lanes(f))
    hn::StoreU(log2Positive(hn::LoadU(f, &values[i])), f, &values[i]);
}

}  // namespace ditscope::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <gtest/gtest.h>

#include "kernels/cpu_targets.h"

namespace ditscope::kernels {

HWY_EXPORT(exp2All);
HWY_EXPORT(log2All);

namespace {

class SimdMath : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { useCpuTarget(GetParam()); }
  void TearDown() override { useCpuTarget(""); }
};

TEST_P(SimdMath, Exp2IsWithinItsStatedError) {
  std::vector<float> x;
  for (int i = 0; i < 16 * 200'000; ++i) x.push_back(126.0f - 252.0f * float(i) / (16 * 200'000));
  std::vector<float> result = x;
  HWY_DYNAMIC_DISPATCH(exp2All)(result);
  double worst = 0;
  for (size_t i = 0; i < x.size(); ++i)
    worst = std::max(worst, std::abs(double(result[i]) / std::exp2(double(x[i])) - 1));
  EXPECT_LE(worst, 2.5e-7);
}

TEST_P(SimdMath, Exp2EndsWell) {
  std::vector<float> x(16, 0.0f);
  x[1] = -126.5f;
  x[2] = -1e30f;
  x[3] = -INFINITY;
  x[4] = std::numeric_limits<float>::quiet_NaN();
  HWY_DYNAMIC_DISPATCH(exp2All)(x);
  EXPECT_NEAR(x[0], 1, 2e-7);
  EXPECT_EQ(x[1], 0);
  EXPECT_EQ(x[2], 0);
  EXPECT_EQ(x[3], 0);
  EXPECT_TRUE(std::isnan(x[4]));
}

TEST_P(SimdMath, Log2IsWithinItsStatedError) {
  std::vector<float> x;
  for (int i = 0; i < 16 * 100'000; ++i) x.push_back(std::exp2(-30.0f + 60.0f * float(i) / (16 * 100'000)));
  std::vector<float> result = x;
  HWY_DYNAMIC_DISPATCH(log2All)(result);
  for (size_t i = 0; i < x.size(); ++i) {
    const double expected = std::log2(double(x[i]));
    ASSERT_LE(std::abs(double(result[i]) - expected), 3e-7 + 1.2e-7 * std::abs(expected)) << x[i];
  }
}

INSTANTIATE_TEST_SUITE_P(Kernels, SimdMath, ::testing::ValuesIn(cpuTargets()),
                         [](const auto& instance) { return instance.param; });

}  // namespace
}  // namespace ditscope::kernels
#endif
