// SPDX-License-Identifier: Apache-2.0
// Radial attention: its blocks against the token mask of the paper's formulas, rounded by plain loops.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "method_support.h"

namespace ditscope::collector::test {
namespace {

const std::string kSparse = "dense_steps=0,dense_layers=0";

int bitLength(int64_t n) {
  int bits = 0;
  for (; n > 0; n /= 2) ++bits;
  return bits;
}

struct Radial {
  int64_t frames, places, block;
  double decay;
  bool sink, half;

  [[nodiscard]] bool attends(int64_t i, int64_t j) const {  // video tokens
    const int64_t distance = std::abs(i / places - j / places);
    const int64_t apart = std::abs(i % places - j % places);
    if (sink && j / places == 0) return true;
    if (distance == 0) return true;
    if (distance == 1) return !half || apart <= places / 2;
    const double least = double(std::min(block, places));
    const double width = std::pow(2, bitLength(places)) / std::pow(2, bitLength(distance));
    if (width < least && distance % int64_t(least / width) != 0) return false;
    return double(apart) <= std::max(width * decay, least);
  }

  [[nodiscard]] at::Tensor tokens() const {
    const int64_t n = frames * places;
    at::Tensor mask = at::zeros({n, n}, at::kBool);
    auto attended = mask.accessor<bool, 2>();
    for (int64_t i = 0; i < n; ++i) {
      for (int64_t j = 0; j < n; ++j) attended[i][j] = attends(i, j);
    }
    return mask;
  }
};

// More than 60 % of the non-empty columns of a block are filled to more than a third. Rows and columns of
// text do not count, and blocks that hold text are kept.
at::Tensor roundToBlocks(const at::Tensor& video, const MethodCall& call) {
  const int64_t n = call.queries(), block = call.block;
  const int64_t begin = call.text.begin == 0 ? call.text.end : 0;
  const auto isText = [&call](int64_t token) { return token >= call.text.begin && token < call.text.end; };
  at::Tensor rounded = at::zeros({n, n}, at::kBool);
  const auto attended = video.accessor<bool, 2>();
  for (int64_t g = 0; g < n; g += block) {
    for (int64_t t = 0; t < n; t += block) {
      int64_t some = 0, many = 0;
      bool text = false;
      for (int64_t j = t; j < std::min(t + block, n); ++j) {
        text = text || isText(j);
        if (isText(j)) continue;
        int64_t filled = 0, rows = 0;
        for (int64_t i = g; i < std::min(g + block, n); ++i) {
          text = text || isText(i);
          if (isText(i)) continue;
          ++rows;
          filled += attended[i - begin][j - begin];
        }
        some += filled > 0;
        many += double(filled) / double(rows) > 1.0 / 3;
      }
      const bool keep = text || g == t || (some > 0 && double(many) / double(some) > 0.6);
      rounded.slice(0, g, std::min(g + block, n)).slice(1, t, std::min(t + block, n)).fill_(keep);
    }
  }
  return rounded;
}

void expectMask(const CallShape& shape, const std::string& parameters, const Radial& mask) {
  const MethodCall call = randomCall(shape);
  const Plan plan = makeMethod("radial:" + kSparse + "," + parameters)->plan(call);
  const at::Tensor expected = roundToBlocks(mask.tokens(), call);
  EXPECT_TRUE(tokenMask(plan, call).equal(expected.expand({shape.heads, -1, -1}))) << parameters;
  EXPECT_LT(largest(runKernel(plan, call) - maskedAttention(call, expected)), 1e-4);
}

constexpr CallShape kVideo{.heads = 1, .grid = {9, 8, 8}, .dim = 8};

TEST(Radial, BlocksAreTheRoundedTokenMask) {
  for (const double decay : {0.05, 0.2, 1.0, 3.0}) {
    const std::string common = "decay=" + std::to_string(decay);
    expectMask(kVideo, common, {9, 64, 32, decay, true, true});
    expectMask(kVideo, common + ",sink=off,neighbours=full", {9, 64, 32, decay, false, false});
    // Frames of 35 tokens: blocks hold parts of two or three, and the last one is not full.
    expectMask({.heads = 1, .grid = {7, 5, 7}, .dim = 72}, common, {7, 35, 32, decay, true, true});
    expectMask({.heads = 1, .grid = {10, 3, 5}, .dim = 8}, common, {10, 15, 32, decay, true, true});
  }
}

TEST(Radial, TextIsDenseAndBringsItsDefaults) {
  for (const db::TextSpan text : {db::TextSpan{0, 20}, db::TextSpan{245, 265}}) {
    expectMask({.heads = 2, .grid = {7, 5, 7}, .text = text, .dim = 8}, "decay=0.3",
               {7, 35, 32, 0.3, false, false});
  }
}

TEST(Radial, AnImagesRowsAreFrames) {
  expectMask({.heads = 1, .grid = {1, 16, 16}, .dim = 8}, "decay=0.2", {16, 16, 32, 0.2, false, false});
}

TEST(Radial, IsSymmetricButForTheSink) {
  const at::Tensor tokens = Radial{9, 64, 32, 0.2, true, true}.tokens();
  const at::Tensor other = tokens.slice(0, 64).slice(1, 64);
  EXPECT_TRUE(other.equal(other.t()));
  EXPECT_TRUE(tokens.slice(1, 0, 64).all().item<bool>());
  EXPECT_FALSE(tokens.slice(0, 0, 64).all().item<bool>());
  const MethodCall call = randomCall(kVideo);
  const at::Tensor blocks = tokenMask(makeMethod("radial:" + kSparse)->plan(call), call)[0];
  const at::Tensor rest = blocks.slice(0, 64).slice(1, 64);
  EXPECT_TRUE(rest.equal(rest.t()));
  EXPECT_TRUE(blocks.slice(1, 0, 64).all().item<bool>());
}

TEST(Radial, FarFramesThinOut) {
  // Frames of 64 tokens in blocks of 64: at distance 2 and 3 the band is 32 wide, and so every second frame
  // stays.
  const MethodCall call = randomCall({.heads = 1, .grid = {9, 8, 8}, .dim = 8, .block = 64});
  const at::Tensor mask =
      tokenMask(makeMethod("radial:" + kSparse + ",sink=off,neighbours=full")->plan(call), call)[0];
  std::vector<int64_t> frames;
  for (int64_t frame = 0; frame < 9; ++frame) {
    if (mask[0][frame * 64].item<bool>()) frames.push_back(frame);
  }
  EXPECT_EQ(frames, (std::vector<int64_t>{0, 1, 2, 4, 8}));
}

TEST(Radial, KeepsMoreWithLessDecay) {
  const MethodCall call = randomCall({.heads = 1, .grid = {9, 16, 16}, .dim = 8});
  double before = 0;
  for (const char* decay : {"0.05", "0.2", "0.5", "1", "4", "1000"}) {
    const Plan plan = makeMethod("radial:" + kSparse + ",decay=" + decay)->plan(call);
    const double kept = tokenMask(plan, call).to(at::kDouble).mean().item<double>();
    EXPECT_GE(kept, before);
    EXPECT_NEAR(plan.decisions[0].budget, kept, 1e-6);
    EXPECT_EQ(plan.decisions[0].choice, "radial");
    before = kept;
  }
}

TEST(Radial, AnotherShapeHasAnotherMask) {
  const auto method = makeMethod("radial:" + kSparse);
  for (const db::TokenGrid grid : {db::TokenGrid{9, 8, 8}, db::TokenGrid{7, 5, 7}, db::TokenGrid{9, 8, 8}}) {
    const MethodCall call = randomCall({.heads = 1, .grid = grid, .dim = 8});
    const Radial mask{grid.frames, int64_t{grid.rows} * grid.cols, 32, 0.2, true, true};
    EXPECT_TRUE(tokenMask(method->plan(call), call)[0].equal(roundToBlocks(mask.tokens(), call)));
  }
}

TEST(Radial, TheScheduleOfTheScripts) {
  const MethodCall call = randomCall(kVideo);
  const auto method = makeMethod("radial", samplingPlan(50, 40));
  EXPECT_EQ(method->plan(callAt(call, 11, 5)).kind, "dense");
  EXPECT_EQ(method->plan(callAt(call, 12, 0)).kind, "dense");
  EXPECT_EQ(method->plan(callAt(call, 12, 1)).kind, "sparse");
}

}  // namespace
}  // namespace ditscope::collector::test
