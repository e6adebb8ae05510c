// SPDX-License-Identifier: Apache-2.0
// Sparse VideoGen: its masks are compared with ones built token by token, its choice with plain attention.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "db/error.h"
#include "method_support.h"

namespace ditscope::collector::test {
namespace {

constexpr CallShape kPlain{.heads = 2, .grid = {4, 4, 8}};              // 128 tokens
constexpr CallShape kRagged{.heads = 3, .grid = {3, 5, 7}, .dim = 72};  // 105
constexpr CallShape kTextFirst{.grid = {3, 5, 7}, .text = {0, 20}};     // 125
constexpr CallShape kTextLast{.grid = {3, 5, 7}, .text = {105, 125}};   // 125

const std::string kSparse = "dense_steps=0,dense_layers=0";

struct Mask {  // straight from the paper, token by token
  const CallShape& shape;
  double density;
  int64_t block;  // 1 = exact
  bool sink;

  [[nodiscard]] int64_t videoBegin() const { return shape.text.begin == 0 ? shape.text.end : 0; }
  [[nodiscard]] int64_t all() const { return shape.grid.count() + shape.text.end - shape.text.begin; }
  [[nodiscard]] bool isText(int64_t token) const {
    return token >= shape.text.begin && token < shape.text.end;
  }
  [[nodiscard]] int64_t place(int64_t token, bool temporal) const {
    if (!temporal || isText(token)) return token;
    const int64_t pixels = int64_t{shape.grid.rows} * shape.grid.cols;
    const int64_t video = token - videoBegin();
    return videoBegin() + video % pixels * shape.grid.frames + video / pixels;
  }
  [[nodiscard]] bool band(int64_t i, int64_t j) const {
    const double video = double(shape.grid.count()), n = double(all());
    const double ofVideo = std::max(0.0, (density * n * n - (n * n - video * video)) / (video * video));
    const double width = video * (1 - std::sqrt(1 - ofVideo));
    if (block == 1) return std::abs(i - j) < std::max<int64_t>(std::llround(width), 1);
    return std::abs(i / block - j / block) <= int64_t(width / double(block) + 1e-9);
  }
  [[nodiscard]] at::Tensor tokens(bool temporal) const {
    const auto places = [&](int64_t token) { return place(token, temporal); };
    // A property of any token of a block is one of the block.
    std::vector<bool> text(static_cast<size_t>(all())), sunk(text);
    for (int64_t token = 0; token < all(); ++token) {
      const int64_t pixels = int64_t{shape.grid.rows} * shape.grid.cols;
      const bool first = sink && !temporal && !isText(token) && token - videoBegin() < pixels;
      const int64_t start = places(token) / block * block;
      for (int64_t other = start; other < std::min(start + block, all()); ++other) {
        if (isText(token)) text[size_t(other)] = true;
        if (first) sunk[size_t(other)] = true;
      }
    }
    at::Tensor mask = at::zeros({all(), all()}, at::kBool);
    auto attended = mask.accessor<bool, 2>();
    for (int64_t i = 0; i < all(); ++i) {
      for (int64_t j = 0; j < all(); ++j) {
        const int64_t p = places(i), s = places(j);
        attended[i][j] = band(p, s) || text[size_t(p)] || text[size_t(s)] || sunk[size_t(s)];
      }
    }
    return mask;
  }
};

// Head 0 looks at its frame, head 1 at its pixel in all frames.
MethodCall twoKinds(const CallShape& shape) {
  MethodCall call = randomCall(shape);
  const int64_t frames = shape.grid.frames, pixels = int64_t{shape.grid.rows} * shape.grid.cols;
  const auto codes = [&](uint64_t seed, int64_t count) { return 2 * randomTensor(seed, {count, shape.dim}); };
  const at::Tensor ofFrame = codes(7, frames).repeat_interleave(pixels, 0);
  const at::Tensor ofPixel = codes(8, pixels).repeat({frames, 1});
  call.q = at::stack({ofFrame, ofPixel});
  call.k = call.q + 0.1 * randomTensor(9, call.q.sizes());
  return call;
}

void expectMasks(const CallShape& shape, const std::string& parameters, double density, int64_t block,
                 bool sink) {
  const MethodCall call = randomCall(shape);
  const Plan plan = makeMethod("svg:" + kSparse + "," + parameters)->plan(call);
  const at::Tensor masks = tokenMask(plan, call);
  ASSERT_EQ(plan.decisions.size(), size_t(shape.heads));
  for (int64_t h = 0; h < shape.heads; ++h) {
    const bool temporal = plan.decisions[size_t(h)].choice == "temporal";
    EXPECT_TRUE(masks[h].equal(Mask{shape, density, block, sink}.tokens(temporal)))
        << parameters << ", head " << h << " " << plan.decisions[size_t(h)].choice;
  }
  EXPECT_LT(largest(runKernel(plan, call) - maskedAttention(call, masks)), 1e-4);
}

TEST(Svg, MasksAreTheBandTokenByToken) {
  for (const CallShape* shape : {&kPlain, &kRagged, &kTextFirst, &kTextLast}) {
    for (const double density : {0.02, 0.3, 0.6, 1.0}) {
      for (const bool sink : {false, true}) {
        const std::string common = "density=" + std::to_string(density) + ",sink=" + (sink ? "on" : "off");
        expectMasks(*shape, common + ",granularity=token", density, 1, sink);
        expectMasks(*shape, common + ",granularity=block", density, shape->block, sink);
      }
    }
  }
}

TEST(Svg, TheSinkIsThereWhereThereIsNoText) {
  expectMasks(kPlain, "density=0.2", 0.2, 32, true);
  expectMasks(kTextLast, "density=0.2", 0.2, 32, false);
}

TEST(Svg, KeepsTheDensityToABlock) {
  const CallShape shape{.heads = 1, .grid = {8, 16, 16}, .dim = 8};
  const MethodCall call = randomCall(shape);
  const double blocks = 64;  // along each side
  for (const double density : {0.03, 0.1, 0.25, 0.3, 0.5, 0.77, 0.95}) {
    for (const char* granularity : {"block", "token"}) {
      const Plan plan = makeMethod("svg:" + kSparse + ",sink=off,density=" + std::to_string(density) +
                                   ",granularity=" + granularity)
                            ->plan(call);
      const double kept = tokenMask(plan, call).to(at::kDouble).mean().item<double>();
      EXPECT_NEAR(kept, density, granularity[0] == 't' ? 1e-3 : 1 / blocks) << granularity;
    }
  }
}

TEST(Svg, AHeadTakesTheMaskOfTheSmallerError) {
  const MethodCall call = twoKinds(kPlain);
  const Plan plan = makeMethod("svg:" + kSparse + ",density=0.3,sink=off,rows=20000")->plan(call);
  ASSERT_EQ(plan.decisions.size(), 2u);
  EXPECT_EQ(plan.decisions[0].choice, "spatial");
  EXPECT_EQ(plan.decisions[1].choice, "temporal");
  const at::Tensor full = maskedAttention(call, at::ones({1, 1, 1}, at::kBool));
  double error[2][2];  // [head][kind], over all rows
  for (const bool temporal : {false, true}) {
    const at::Tensor mask = Mask{kPlain, 0.3, 32, false}.tokens(temporal);
    const at::Tensor of = (maskedAttention(call, mask) - full).square().mean({1, 2});
    for (int h = 0; h < 2; ++h) error[h][temporal] = of[h].item<double>();
  }
  EXPECT_LT(error[0][0], error[0][1]);
  EXPECT_LT(error[1][1], error[1][0]);
  EXPECT_NEAR(plan.decisions[0].threshold, error[0][0] / error[0][1], 0.05 * error[0][0] / error[0][1]);
  EXPECT_NEAR(plan.decisions[1].threshold, error[1][1] / error[1][0], 0.05 * error[1][1] / error[1][0]);
}

TEST(Svg, EachKindHasALaunchAndItsOrderOfTokens) {
  const Plan plan = makeMethod("svg:" + kSparse)->plan(twoKinds(kPlain));
  ASSERT_EQ(plan.launches.size(), 2u);
  EXPECT_EQ(plan.kind, "sparse");
  EXPECT_EQ(plan.launches[0].heads, std::vector<int64_t>{0});
  EXPECT_EQ(plan.launches[0].order.name, db::TokenOrder::FrameMajor);
  EXPECT_FALSE(plan.launches[0].order.q.defined());
  EXPECT_EQ(plan.launches[1].heads, std::vector<int64_t>{1});
  EXPECT_EQ(plan.launches[1].order.name, db::TokenOrder::PixelMajor);
  EXPECT_EQ(plan.launches[1].order.q[5].item<int64_t>(), 32 + 1);  // pixel 1 of frame 1
}

TEST(Svg, DensityOneIsDense) {
  for (const CallShape* shape : {&kRagged, &kTextFirst}) {
    const MethodCall call = randomCall(*shape);
    const Plan plan = makeMethod("svg:" + kSparse + ",density=1")->plan(call);
    EXPECT_LT(largest(runKernel(plan, call) - maskedAttention(call, at::ones({1, 1, 1}, at::kBool))), 1e-5);
  }
}

TEST(Svg, TheScheduleOfTheScripts) {
  const MethodCall call = randomCall(kPlain);
  const auto method =
      makeMethod("svg", samplingPlan(20, 40));  // the first 0.2 of the steps, 0.03 of the layers
  EXPECT_EQ(method->plan(callAt(call, 3, 5)).kind, "dense");
  EXPECT_EQ(method->plan(callAt(call, 4, 0)).kind, "dense");
  EXPECT_EQ(method->plan(callAt(call, 4, 1)).kind, "sparse");
}

TEST(Svg, TheSameRunDecidesTheSame) {
  const MethodCall call = randomCall(kRagged);
  const auto thresholds = [&call](const std::string& seed) {
    std::vector<float> values;
    for (const auto& head : makeMethod("svg:" + kSparse + ",rows=5,seed=" + seed)->plan(call).decisions) {
      values.push_back(head.threshold);
    }
    return values;
  };
  EXPECT_EQ(thresholds("3"), thresholds("3"));
  EXPECT_NE(thresholds("3"), thresholds("4"));
}

TEST(Svg, AnotherShapeHasAnotherMask) {
  const auto method = makeMethod("svg:" + kSparse + ",density=0.3,sink=off");
  for (const CallShape* shape : {&kPlain, &kRagged, &kPlain}) {
    const MethodCall call = randomCall(*shape);
    const Plan plan = method->plan(call);
    const bool temporal = plan.decisions[0].choice == "temporal";
    EXPECT_TRUE(tokenMask(plan, call)[0].equal(Mask{*shape, 0.3, 32, false}.tokens(temporal)));
  }
}

TEST(Svg, ImagesAndWrongGridsAreRefused) {
  EXPECT_THROW(makeMethod("svg")->plan(randomCall({.grid = {1, 8, 8}})), db::Error);
  MethodCall call = randomCall(kPlain);
  call.grid = {4, 4, 7};
  EXPECT_THROW(makeMethod("svg:" + kSparse)->plan(call), db::Error);
  call = randomCall(kPlain);
  call.text = {5, 9};  // inside the video
  EXPECT_THROW(makeMethod("svg:" + kSparse)->plan(call), db::Error);
}

}  // namespace
}  // namespace ditscope::collector::test
