// SPDX-License-Identifier: Apache-2.0
// Sliding Tile Attention: masks against the rule of the paper applied token by token, and the mask search
// against plain attention.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "collector/methods/sta_tiles.h"
#include "db/error.h"
#include "method_support.h"
#include "temporary_folder.h"

namespace ditscope::collector::test {
namespace {

using ::testing::HasSubstr;

const std::string kSparse = "dense_steps=0";
constexpr CallShape kVideo{.heads = 2, .grid = {8, 8, 8}, .dim = 8};  // tiles of 2x4x4: 4x2x2 of them

// Window rule along one axis, with the clamp of PyTorch (the upper bound wins).
bool near(int64_t query, int64_t key, int64_t window, int64_t tiles) {
  int64_t centre = query;
  if (centre < window / 2) centre = window / 2;
  if (centre > tiles - 1 - window / 2) centre = tiles - 1 - window / 2;
  return std::abs(centre - key) <= window / 2;
}

// [N, N], from the coordinates of the tokens.
at::Tensor windowMask(const CallShape& shape, const Triple& tile, const Triple& window) {
  const Triple size{shape.grid.frames, shape.grid.rows, shape.grid.cols};
  const int64_t begin = shape.text.begin == 0 ? shape.text.end : 0;
  const int64_t n = shape.grid.count() + shape.text.end - shape.text.begin;
  const auto isText = [&shape](int64_t token) { return token >= shape.text.begin && token < shape.text.end; };
  const auto tileOf = [&](int64_t token) {
    const int64_t video = token - begin;
    return Triple{video / (size[1] * size[2]) / tile[0], video / size[2] % size[1] / tile[1],
                  video % size[2] / tile[2]};
  };
  at::Tensor mask = at::zeros({n, n}, at::kBool);
  auto attended = mask.accessor<bool, 2>();
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      attended[i][j] = true;
      if (isText(i) || isText(j)) continue;
      const Triple query = tileOf(i), key = tileOf(j);
      for (size_t axis = 0; axis < 3; ++axis) {
        if (!near(query[axis], key[axis], window[axis], size[axis] / tile[axis])) attended[i][j] = false;
      }
    }
  }
  return mask;
}

void expectMask(const CallShape& shape, const std::string& parameters, const Triple& tile,
                const Triple& window) {
  const MethodCall call = randomCall(shape);
  const Plan plan = makeMethod("sta:" + kSparse + "," + parameters)->plan(call);
  const at::Tensor expected = windowMask(shape, tile, window);
  EXPECT_TRUE(tokenMask(plan, call).equal(expected.expand({shape.heads, -1, -1}))) << parameters;
  EXPECT_LT(largest(runKernel(plan, call) - maskedAttention(call, expected)), 1e-4) << parameters;
  EXPECT_EQ(plan.launches.size(), 1u);
  EXPECT_EQ(plan.launches[0].order.name, db::TokenOrder::TileMajor);
}

TEST(Sta, MasksFollowTheWindowRule) {
  for (const Triple& window : {Triple{1, 1, 1}, {3, 1, 1}, {2, 1, 2}, {3, 2, 1}, {4, 2, 2}, {9, 9, 9}}) {
    expectMask(kVideo, "window=" + nameOf(window), {2, 4, 4}, window);
    expectMask(kVideo, "tile=1x4x8,window=" + nameOf(window), {1, 4, 8}, window);
  }
}

TEST(Sta, TilesThatAreNoBlocksAreExactToo) {
  // 3 x 5 x 7: the largest tile that divides it and fits a block of 32 is 3 x 1 x 7.
  expectMask({.heads = 2, .grid = {3, 5, 7}, .dim = 72}, "window=1x3x1", {3, 1, 7}, {1, 3, 1});
  expectMask({.heads = 1, .grid = {3, 5, 7}, .text = {0, 20}}, "window=1x3x1", {3, 1, 7}, {1, 3, 1});
}

TEST(Sta, TextIsDenseAtEitherEnd) {
  for (const db::TextSpan text : {db::TextSpan{0, 20}, db::TextSpan{512, 530}}) {
    expectMask({.heads = 1, .grid = {8, 8, 8}, .text = text, .dim = 8}, "window=3x1x1", {2, 4, 4}, {3, 1, 1});
  }
}

TEST(Sta, AnImageIsOneFrame) {
  expectMask({.heads = 1, .grid = {1, 16, 16}, .dim = 8}, "window=1x3x1", {1, 4, 8}, {1, 3, 1});
}

TEST(Sta, WholeBlocksAndEqualWorkInEachRow) {
  const MethodCall call = randomCall(kVideo);
  const Plan plan = makeMethod("sta:" + kSparse + ",window=3x1x2")->plan(call);
  EXPECT_TRUE(plan.launches[0].lists->partialBits.empty());
  const at::Tensor perRow = tokenMask(plan, call)[0].sum(1);
  EXPECT_TRUE(perRow.eq(3 * 1 * 2 * 32).all().item<bool>());  // the rims included: the centre is clamped
}

TEST(Sta, TilesAreChosenFromGridAndBlock) {
  const auto tile = [](db::TokenGrid grid, int block) {
    return nameOf(StaTiles::choose(grid, block, "auto").tile);
  };
  EXPECT_EQ(tile({8, 16, 16}, 64), "2x4x8");
  EXPECT_EQ(tile({8, 16, 16}, 128), "2x8x8");
  EXPECT_EQ(tile({1, 16, 16}, 64), "1x8x8");
  EXPECT_EQ(tile({3, 5, 7}, 32), "3x1x7");
}

TEST(Sta, ADensityChoosesTheSmallestWindow) {
  const StaTiles tiles = StaTiles::choose({30, 48, 80}, 128, "auto");
  const Triple n = tiles.counts();
  for (const double share : {0.001, 0.09, 0.2, 0.4, 0.8, 1.0}) {
    double best = 1;  // by trying all
    for (int64_t f = 1; f <= n[0]; ++f) {
      for (int64_t r = 1; r <= n[1]; ++r) {
        for (int64_t c = 1; c <= n[2]; ++c) {
          double density = 1;
          for (const auto& [width, count] : {std::pair(f, n[0]), {r, n[1]}, {c, n[2]}}) {
            int64_t kept = 0;
            for (int64_t key = 0; key < count; ++key) kept += near(count / 2, key, width, count);
            density *= double(kept) / double(count);
          }
          if (density >= share - 1e-9) best = std::min(best, density);
        }
      }
    }
    EXPECT_NEAR(tiles.density(tiles.smallestWindow(share)), best, 1e-12) << share;
  }
  EXPECT_EQ(nameOf(tiles.smallestWindow(1)), nameOf(n));
  const MethodCall call = randomCall(kVideo);
  const Plan plan = makeMethod("sta:" + kSparse + ",density=0.4")->plan(call);
  EXPECT_FLOAT_EQ(plan.decisions[0].budget, tokenMask(plan, call).to(at::kDouble).mean().item<float>());
  EXPECT_GE(plan.decisions[0].budget, 0.4f);
}

double relativeError(const MethodCall& call, int64_t head, const Triple& window) {
  const at::Tensor full = maskedAttention(call, at::ones({1, 1, 1}, at::kBool))[head];
  const at::Tensor out = maskedAttention(call, windowMask(kVideo, {2, 4, 4}, window))[head];
  return ((out - full).norm() / full.norm()).item<double>();
}

void observeDense(Method& method, const MethodCall& call) {
  MethodResult result{maskedAttention(call, at::ones({1, 1, 1}, at::kBool)).to(at::kFloat), {}, {}, {}};
  method.observe(call, result);
}

// Head 0 attends its place in all frames, head 1 its frame.
MethodCall twoNeeds(uint64_t seed) {
  MethodCall call = randomCall(kVideo, seed);
  const at::Tensor place = 3 * randomTensor(seed + 50, {64, 8}), frame = 3 * randomTensor(seed + 60, {8, 8});
  call.q = at::stack({place.repeat({8, 1}), frame.repeat_interleave(64, 0)});
  call.k = call.q + 0.3 * randomTensor(seed + 70, call.q.sizes());
  return call;
}

TEST(Sta, TheSearchFindsTheSmallestErrorOfEachHead) {
  const MethodCall call = twoNeeds(1);
  const auto method = makeMethod("sta:dense_steps=2,search=on,density=0.25", samplingPlan(4));
  EXPECT_EQ(method->plan(callAt(call, 0)).kind, "dense");
  observeDense(*method, callAt(call, 0));
  EXPECT_EQ(method->plan(callAt(call, 1)).kind, "search");
  observeDense(*method, callAt(call, 1));
  const Plan plan = method->plan(callAt(call, 2));
  EXPECT_EQ(plan.kind, "sparse");
  // All windows of a quarter of the 4 x 2 x 2 tiles that are contained in no other one.
  const std::vector<Triple> candidates = {{1, 2, 2}, {3, 1, 1}, {4, 1, 1}, {1, 1, 2}};
  at::Tensor expected = at::empty({2, 512, 512}, at::kBool);
  for (int64_t h = 0; h < 2; ++h) {
    Triple best = candidates[0];
    for (const Triple& window : candidates) {
      if (relativeError(call, h, window) < relativeError(call, h, best)) best = window;
    }
    const db::HeadDecision& decision = plan.decisions[size_t(h)];
    EXPECT_EQ(decision.choice, nameOf(best));
    EXPECT_NEAR(decision.threshold, relativeError(call, h, best), 1e-4);
    EXPECT_EQ(decision.sourceStep, 1);
    expected[h].copy_(windowMask(kVideo, {2, 4, 4}, best));
  }
  EXPECT_NE(plan.decisions[0].choice, plan.decisions[1].choice);
  EXPECT_TRUE(tokenMask(plan, call).equal(expected));
}

TEST(Sta, TheSearchFindsTheSparsestWithinTheError) {
  const MethodCall call = twoNeeds(2);
  const double bound = 0.5 * (relativeError(call, 0, {4, 1, 1}) + relativeError(call, 0, {1, 1, 1}));
  const auto method =
      makeMethod("sta:dense_steps=0,search=on,density=1,error=" + std::to_string(bound), samplingPlan(4));
  EXPECT_EQ(method->plan(callAt(call, 0)).kind, "search");  // no dense step came before
  observeDense(*method, callAt(call, 0));
  const Plan plan = method->plan(callAt(call, 1));
  const StaTiles tiles = StaTiles::choose(kVideo.grid, 32, "auto");
  for (int64_t h = 0; h < 2; ++h) {
    double sparsest = 1;
    for (const Triple& window : tiles.windows()) {
      if (relativeError(call, h, window) <= bound) sparsest = std::min(sparsest, tiles.density(window));
    }
    EXPECT_FLOAT_EQ(plan.decisions[size_t(h)].budget, float(sparsest));
    EXPECT_LE(plan.decisions[size_t(h)].threshold, bound + 1e-4);
  }
}

TEST(Sta, BranchesAndGenerationsSearchForThemselves) {
  const auto make = [] { return makeMethod("sta:dense_steps=0,search=on,density=0.25", samplingPlan(4)); };
  MethodCall cond = twoNeeds(1), uncond = callAt(cond, 0, 0, db::Branch::Uncond);
  uncond.q = cond.q.flip(0);
  uncond.k = cond.k.flip(0);
  const auto method = make();
  observeDense(*method, cond);
  EXPECT_EQ(method->plan(callAt(uncond, 1, 0, db::Branch::Uncond)).kind, "search");
  observeDense(*method, uncond);
  const Plan first = method->plan(callAt(cond, 1)),
             second = method->plan(callAt(cond, 1, 0, db::Branch::Uncond));
  EXPECT_EQ(first.decisions[0].choice, second.decisions[1].choice);
  EXPECT_EQ(first.decisions[1].choice, second.decisions[0].choice);
  EXPECT_EQ(make()->plan(callAt(cond, 1)).kind, "search");
}

std::string tableFile(const TemporaryFolder& folder, const std::string& text) {
  const std::string file = folder.path() / "strategy.json";
  std::ofstream(file) << text;
  return file;
}

TEST(Sta, ReadsTheTablesOfFastVideo) {
  const TemporaryFolder folder;
  const std::string file =
      tableFile(folder, R"({"1_0_0": [3, 1, 1], "1_0_1": [1, 2, 2], "2_0_1": [1, 1, 1]})");
  const auto method = makeMethod("sta:dense_steps=0,strategy=" + file, samplingPlan(3));
  const MethodCall call = randomCall(kVideo);
  const at::Tensor one = tokenMask(method->plan(callAt(call, 1)), call);
  EXPECT_TRUE(one[0].equal(windowMask(kVideo, {2, 4, 4}, {3, 1, 1})));
  EXPECT_TRUE(one[1].equal(windowMask(kVideo, {2, 4, 4}, {1, 2, 2})));
  const at::Tensor two = tokenMask(method->plan(callAt(call, 2)), call);
  EXPECT_TRUE(two[0].all().item<bool>());  // not named: all
  EXPECT_TRUE(two[1].equal(windowMask(kVideo, {2, 4, 4}, {1, 1, 1})));
}

std::string errorOf(const std::string& method, const CallShape& shape = kVideo) {
  try {
    (void)makeMethod(method, samplingPlan(3))->plan(randomCall(shape));
  } catch (const db::Error& error) {
    return error.what();
  }
  return "none";
}

TEST(Sta, RefusesWhatDoesNotFit) {
  EXPECT_THAT(errorOf("sta:dense_steps=0,tile=2x4x8"), HasSubstr("the grid of 8x8x8 into blocks of 32"));
  EXPECT_THAT(errorOf("sta:dense_steps=0,tile=32x1x1"), HasSubstr("does not divide the grid of 8x8x8"));
  for (const char* bad : {"3x3", "3x3x", "0x1x1", "3x3x3x3", "axbxc", "-1x1x1", "3,3"}) {
    EXPECT_THAT(errorOf(std::string("sta:dense_steps=0,window=") + bad), HasSubstr("method sta")) << bad;
  }
  EXPECT_THAT(errorOf("sta:search=on,window=3x3x3"), HasSubstr("exclude one another"));
  const TemporaryFolder folder;
  for (const char* bad :
       {"[]", "{", R"({"1_0": [1, 1, 1]})", R"({"1_0_0": [1, 1]})", R"({"1_0_0": [0, 1, 1]})",
        R"({"3_0_0": [1, 1, 1]})", R"({"1_1_0": [1, 1, 1]})", R"({"1_0_2": [1, 1, 1]})"}) {
    EXPECT_THAT(errorOf("sta:strategy=" + tableFile(folder, bad)), HasSubstr("strategy.json")) << bad;
  }
}

}  // namespace
}  // namespace ditscope::collector::test
