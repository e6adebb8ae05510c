// SPDX-License-Identifier: Apache-2.0
// Re-ttention against its formulas in plain fp64: window, rho, residual, growth, schedule.
#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>

#include "collector/methods/token_window.h"
#include "method_support.h"

namespace ditscope::collector::test {
namespace {

constexpr double kTolerance = 2e-5;

Generation generation(const std::string& method, int steps) {
  return Generation(makeMethod(method, samplingPlan(steps, 2)));
}

// Query by query, as the notes of the method put it: |i - j| <= half, in the sequence or in each frame.
at::Tensor windowMask(const MethodCall& call, double density, bool inFrames) {
  const int64_t n = call.queries(), text = call.text.end - call.text.begin;
  const int64_t perFrame = inFrames ? call.grid.rows * call.grid.cols : n - text;
  const int64_t half = int64_t(double(perFrame) * density) / 2;
  at::Tensor mask = at::zeros({n, n}, at::kBool);
  auto attended = mask.accessor<bool, 2>();
  const auto isText = [&](int64_t i) { return i >= call.text.begin && i < call.text.end; };
  const auto place = [&](int64_t i) { return (i < call.text.begin ? i : i - text) % perFrame; };
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      attended[i][j] = isText(i) || isText(j) || std::abs(place(i) - place(j)) <= half;
    }
  }
  return mask;
}

at::Tensor fullMask(const MethodCall& call) {
  return at::ones({call.queries(), call.keys()}, at::kBool);
}

struct Cached {
  at::Tensor rho, residual;  // [H, N, 1] and [H, N, D] in fp64
};

// Straight from the probabilities: rho is what falls inside the window, the residual what the keys outside
// add.
Cached cachedAt(const MethodCall& call, const at::Tensor& mask) {
  const at::Tensor q = call.q.to(at::kDouble), k = call.k.to(at::kDouble), v = call.v.to(at::kDouble);
  const at::Tensor p = (at::matmul(q, k.transpose(1, 2)) / std::sqrt(double(q.size(2)))).softmax(-1);
  const at::Tensor inside = p * mask;
  return {inside.sum(-1, true), at::matmul(p - inside, v)};
}

at::Tensor expectedSparse(const MethodCall& call, const at::Tensor& mask, const Cached& cached,
                          double grown) {
  return (cached.rho + grown).clamp_max(1) * maskedAttention(call, mask) + cached.residual;
}

struct Shape {
  const char* name;
  CallShape call;
  bool inFrames;
};
const Shape kShapes[] = {
    {"image", {2, {1, 9, 11}, {}, 72}, false},          // ragged last block
    {"video", {2, {3, 5, 9}, {}, 16}, true},            // 45 tokens a frame
    {"text before", {2, {3, 5, 8}, {0, 7}, 16}, true},  //
    {"text behind", {2, {1, 10, 12}, {120, 130}, 16}, false},
};

TEST(Rettention, MaskIsTheWindowOfThePaper) {
  for (const Shape& shape : kShapes) {
    for (const double density : {0.125, 0.0625, 0.03125}) {
      const MethodCall call = callAt(randomCall(shape.call), 1);
      const auto method = makeMethod(
          fmt::format("rettention:density={},dense_steps=0,correction=off", density), samplingPlan(4));
      const Plan plan = method->plan(call);
      const at::Tensor expected = windowMask(call, density, shape.inFrames);
      EXPECT_TRUE(tokenMask(plan, call).eq(expected).all().item<bool>()) << shape.name << density;
      ASSERT_EQ(plan.decisions.size(), 1u);
      EXPECT_EQ(plan.decisions[0].choice, shape.inFrames ? "frame_window" : "window");
      EXPECT_NEAR(plan.decisions[0].budget, expected.to(at::kDouble).mean().item<double>(), 1e-6);
    }
  }
}

TEST(Rettention, WindowCanBeAskedFor) {
  const MethodCall call = callAt(randomCall(kShapes[1].call), 1);
  for (const bool inFrames : {false, true}) {
    const auto method =
        makeMethod(fmt::format("rettention:density=0.25,dense_steps=0,correction=off,window={}",
                               inFrames ? "frame" : "sequence"),
                   samplingPlan(4));
    EXPECT_TRUE(tokenMask(method->plan(call), call).eq(windowMask(call, 0.25, inFrames)).all().item<bool>());
  }
}

// CogVideoX-2B, 226 text tokens and 13 frames of 1350: 94.39, 91.43 and 85.65 % sparse over the whole matrix.
TEST(Rettention, DensitiesOfCogVideoX) {
  MethodCall call;
  call.q = call.k = at::zeros({1, 226 + 13 * 1350, 8});
  call.grid = {13, 30, 45};
  call.text = {0, 226};
  const double published[][2] = {{0.03125, 0.9439}, {0.0625, 0.9143}, {0.125, 0.8565}};
  for (const auto& [density, sparsity] : published) {
    const WindowMask mask(call, {int64_t(1350 * density) / 2, true});
    EXPECT_NEAR(1 - mask.tokenDensity(), sparsity, 5e-5);
  }
}

TEST(Rettention, FirstSparseStepOnUnchangedInputsIsDense) {
  for (const Shape& shape : kShapes) {
    for (const char* density : {"0.125", "0.0625", "0.03125"}) {
      const MethodCall call = randomCall(shape.call);
      Generation run = generation(fmt::format("rettention:density={},dense_steps=1", density), 4);
      const at::Tensor dense = run.attend(callAt(call, 0));
      EXPECT_LT(largest(dense - maskedAttention(call, fullMask(call))), kTolerance);
      EXPECT_LT(largest(run.attend(callAt(call, 1)) - dense), kTolerance) << shape.name;
    }
  }
}

TEST(Rettention, SparseStepsFollowTheFormula) {
  for (const Shape& shape : kShapes) {
    for (const double lambda : {0.0, 0.04, 0.4}) {  // the last one meets the clamp
      Generation run = generation(fmt::format("rettention:density=0.125,dense_steps=1,lambda={}", lambda), 5);
      const MethodCall first = randomCall(shape.call, 1);
      const at::Tensor mask = windowMask(first, 0.125, shape.inFrames);
      const Cached cached = cachedAt(first, mask);
      run.attend(callAt(first, 0));
      for (int step = 1; step < 5; ++step) {
        const MethodCall call = callAt(randomCall(shape.call, 1 + uint64_t(step)), step);
        const at::Tensor expected = expectedSparse(call, mask, cached, lambda * (step - 1));
        EXPECT_LT(largest(run.attend(call) - expected), kTolerance) << shape.name << " step " << step;
      }
    }
  }
}

// With v = 1 in the caching call and v = 0 after it, the output is what lies outside the window: 1 - rho.
TEST(Rettention, RhoIsTheShareOfTheSoftmaxInsideTheWindow) {
  for (const Shape& shape : kShapes) {
    MethodCall call = randomCall(shape.call);
    call.q = 3 * call.q;
    call.v = at::ones_like(call.v);
    Generation run = generation("rettention:density=0.0625,dense_steps=1", 3);
    run.attend(callAt(call, 0));
    const at::Tensor expected = cachedAt(call, windowMask(call, 0.0625, shape.inFrames)).rho;
    call.v = at::zeros_like(call.v);
    const at::Tensor rho = 1 - run.attend(callAt(call, 1)).to(at::kDouble);
    EXPECT_LT(largest(rho - expected), 1e-5);
    EXPECT_GT(rho.min().item<double>(), -1e-6);
    EXPECT_LT(rho.max().item<double>(), 1 + 1e-6);
  }
}

TEST(Rettention, TwoLseGiveRhoAndTheDroppedKeys) {
  const MethodCall call = randomCall(kShapes[0].call);
  const at::Tensor mask = windowMask(call, 0.125, false);
  const at::Tensor scores =
      at::matmul(call.q.to(at::kDouble), call.k.to(at::kDouble).transpose(1, 2)) / std::sqrt(72.0);
  const at::Tensor kept = scores.masked_fill(mask.logical_not(), -INFINITY).logsumexp(-1, true);
  const at::Tensor rho = (kept - scores.logsumexp(-1, true)).exp();
  const Cached cached = cachedAt(call, mask);
  EXPECT_LT(largest(rho - cached.rho), 1e-12);
  EXPECT_LT(
      largest(maskedAttention(call, fullMask(call)) - rho * maskedAttention(call, mask) - cached.residual),
      1e-12);
}

std::string kindsOf(const std::string& method, int steps) {
  const auto made = makeMethod(method, samplingPlan(steps));
  std::string kinds;
  for (int step = 0; step < steps; ++step) {
    const MethodCall call = callAt(randomCall({2, {1, 8, 8}, {}, 8}), step);
    const Plan plan = made->plan(call);
    kinds += plan.kind[0] == 's' && plan.kind[1] == 'e' ? 'C' : plan.kind[0] == 'd' ? 'D' : '.';  // C caches
    MethodResult result{runKernel(plan, call), at::zeros({2, 64}), {}, {}};
    made->observe(call, result);
  }
  return kinds;
}

TEST(Rettention, CachesOnlyInDenseStepsBeforeSparseOnes) {
  EXPECT_EQ(kindsOf("rettention", 20), "DDDDDC....C....C....");  // PixArt's 8 dense steps of 20
  EXPECT_EQ(kindsOf("rettention:period=0", 20), "DDDDC...............");
  EXPECT_EQ(kindsOf("rettention:period=3,dense_steps=2,dense_last=2", 11), "DC.C..C..DD");
  EXPECT_EQ(kindsOf("rettention:period=1", 6), "DDDDDD");
  const std::string cog = kindsOf("rettention:dense_steps=15", 50);
  EXPECT_EQ(std::count(cog.begin(), cog.end(), '.'), 28);
  EXPECT_EQ(kindsOf("rettention:dense_steps=0,period=0,correction=off", 4), "D...");
}

TEST(Rettention, LayersAndBranchesKeepApart) {
  Generation run = generation("rettention:density=0.125,dense_steps=1", 3);
  const Shape& shape = kShapes[1];
  const std::pair<int, db::Branch> places[] = {
      {0, db::Branch::Cond}, {1, db::Branch::Cond}, {0, db::Branch::Uncond}, {1, db::Branch::Uncond}};
  std::vector<at::Tensor> dense;
  for (size_t i = 0; i < 4; ++i) {
    const auto [layer, branch] = places[i];
    dense.push_back(run.attend(callAt(randomCall(shape.call, 10 + i), 0, layer, branch)));
  }
  for (size_t i = 0; i < 4; ++i) {
    const auto [layer, branch] = places[i];
    EXPECT_LT(largest(run.attend(callAt(randomCall(shape.call, 10 + i), 1, layer, branch)) - dense[i]),
              kTolerance);
  }
}

TEST(Rettention, WithoutACacheItRunsDense) {
  const MethodCall call = callAt(randomCall(kShapes[0].call), 7);
  const auto method = makeMethod("rettention", samplingPlan(20));
  EXPECT_TRUE(method->plan(call).launches[0].computesAll());
}

TEST(Rettention, CorrectionOffIsTheWindowAlone) {
  Generation run = generation("rettention:density=0.125,dense_steps=1,correction=off", 3);
  run.attend(callAt(randomCall(kShapes[0].call), 0));
  const MethodCall call = callAt(randomCall(kShapes[0].call, 2), 1);
  EXPECT_LT(largest(run.attend(call) - maskedAttention(call, windowMask(call, 0.125, false))), kTolerance);
}

TEST(Rettention, DensityOneIsDense) {
  for (const Shape& shape : kShapes) {
    Generation run = generation("rettention:density=1,dense_steps=1", 4);
    for (int step = 0; step < 4; ++step) {
      const MethodCall call = callAt(randomCall(shape.call, 1 + uint64_t(step)), step);
      EXPECT_LT(largest(run.attend(call) - maskedAttention(call, fullMask(call))), kTolerance);
    }
  }
}

TEST(Rettention, HalfPrecisionStaysHalf) {
  MethodCall call = randomCall(kShapes[1].call);
  call.q = call.q.to(at::kBFloat16);
  call.k = call.k.to(at::kBFloat16);
  call.v = call.v.to(at::kBFloat16);
  Generation run = generation("rettention:density=0.125,dense_steps=1", 3);
  const at::Tensor dense = run.attend(callAt(call, 0)), sparse = run.attend(callAt(call, 1));
  EXPECT_EQ(sparse.scalar_type(), at::kBFloat16);
  EXPECT_LT(largest(sparse - dense), 0.05);
}

}  // namespace
}  // namespace ditscope::collector::test
