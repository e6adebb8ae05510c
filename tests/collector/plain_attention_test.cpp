// SPDX-License-Identifier: Apache-2.0
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <gtest/gtest.h>

#include <cmath>

#include "collector/attention.h"

namespace ditscope::collector {
namespace {

at::Tensor inDouble(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
  const double scale = 1 / std::sqrt(static_cast<double>(q.size(3)));
  const at::Tensor scores = at::matmul(q.to(at::kDouble), k.to(at::kDouble).transpose(2, 3)) * scale;
  return at::matmul(at::softmax(scores, -1), v.to(at::kDouble));
}

TEST(PlainAttention, IsSoftmaxAttention) {
  PlainAttention attention;
  at::manual_seed(1);
  const at::Tensor q = at::randn({2, 3, 17, 8});
  const at::Tensor k = at::randn({2, 3, 9, 8});
  const at::Tensor v = at::randn({2, 3, 9, 8});
  EXPECT_LT((attention.attend(q, k, v, {}) - inDouble(q, k, v)).abs().max().item<double>(), 1e-6);
}

TEST(PlainAttention, LongSequencesGoHeadByHead) {
  PlainAttention attention;
  at::manual_seed(2);
  const at::Tensor q = at::randn({1, 2, 8192, 4});  // 2^26 scores a head
  const at::Tensor k = at::randn({1, 2, 8200, 4});
  const at::Tensor out = attention.attend(q, k, k, {});
  const at::Tensor rows = q.narrow(2, 5000, 10);
  EXPECT_LT((out.narrow(2, 5000, 10) - inDouble(rows, k, k)).abs().max().item<double>(), 1e-5);
}

TEST(PlainAttention, HalfPrecisionIsComputedInF32) {
  PlainAttention attention;
  at::manual_seed(3);
  const at::Tensor q = at::randn({1, 2, 12, 16}).to(at::kHalf);
  const at::Tensor out = attention.attend(q, q, q, {});
  EXPECT_EQ(out.scalar_type(), at::kHalf);
  EXPECT_LT((out - inDouble(q, q, q)).abs().max().item<double>(), 2e-3);
}

TEST(PlainAttention, IsDifferentiable) {
  PlainAttention attention;
  at::manual_seed(4);
  const at::Tensor q = at::randn({1, 1, 3, 4}, at::kDouble).to(at::kFloat).requires_grad_();
  const at::Tensor k = at::randn({1, 1, 5, 4});
  attention.attend(q, k, k, {}).square().sum().backward();
  const c10::NoGradGuard noGrad;
  const double step = 1e-3;
  const auto lossAt = [&](double delta) {
    at::Tensor moved = q.detach().clone();
    moved[0][0][1][2] += delta;
    return inDouble(moved, k, k).square().sum().item<double>();
  };
  EXPECT_NEAR(q.grad()[0][0][1][2].item<double>(), (lossAt(step) - lossAt(-step)) / (2 * step), 1e-3);
}

}  // namespace
}  // namespace ditscope::collector
