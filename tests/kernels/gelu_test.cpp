// SPDX-License-Identifier: Apache-2.0
// GELU against its formula in double precision, on every instruction set that the machine has.
#include "kernels/gelu.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include "kernels/cpu_targets.h"

namespace ditscope::kernels {
namespace {

// x / 2 (1 + tanh(u)); far left through exp(), because 1 + tanh(u) loses its digits there.
double expected(double x) {
  const double u = std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x);
  return u > -5 ? x / 2 * (1 + std::tanh(u)) : x * std::exp(2 * u) / (1 + std::exp(2 * u));
}

class Gelu : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { useCpuTarget(GetParam()); }
  void TearDown() override { useCpuTarget(""); }
};

TEST_P(Gelu, FollowsItsFormula) {
  for (const int64_t count :
       {1, 15, 16, 33, 100'003}) {  // with and without a rest, in one chunk and in several
    std::vector<float> x, out(size_t(count), -1.0f);
    for (int64_t i = 0; i < count; ++i) x.push_back(-12 + 24 * float(i) / float(count));
    geluTanh(x.data(), out.data(), count, 2);
    for (size_t i = 0; i < x.size(); ++i) {
      const double value = expected(double(x[i]));
      ASSERT_NEAR(double(out[i]), value, 4e-6 * std::abs(value) + 1e-12) << x[i];
    }
  }
}

TEST_P(Gelu, EndsWellAndWorksInPlace) {
  const float infinity = std::numeric_limits<float>::infinity();
  std::vector<float> x{0, 1e30f, infinity, -50, -1e12f, std::numeric_limits<float>::quiet_NaN(), 1};
  geluTanh(x.data(), x.data(), int64_t(x.size()));
  EXPECT_EQ(x[0], 0);
  EXPECT_EQ(x[1], 1e30f);
  EXPECT_EQ(x[2], infinity);
  EXPECT_NEAR(x[3], 0, 1e-30);
  EXPECT_NEAR(x[4], 0, 1e-20);
  EXPECT_TRUE(std::isnan(x[5]));
  EXPECT_NEAR(x[6], expected(1), 1e-6);
}

INSTANTIATE_TEST_SUITE_P(Kernels, Gelu, ::testing::ValuesIn(cpuTargets()),
                         [](const auto& instance) { return instance.param; });

}  // namespace
}  // namespace ditscope::kernels
