// SPDX-License-Identifier: Apache-2.0
// Sparsity methods: their parameters as text, and the blocks they choose.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "collector/methods/registry.h"
#include "db/error.h"

namespace ditscope::collector {

MethodInfo stripes();  // the example of ARCHITECTURE.md

namespace {

using testing::AllOf;
using testing::HasSubstr;

std::string refusal(const std::string& text) {
  try {
    (void)parseMethod(text);
  } catch (const db::Error& error) {
    EXPECT_EQ(error.exitCode(), 3);
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
    return error.what();
  }
  return "";
}

TEST(RunMethods, WrongTextIsOneClearLine) {
  EXPECT_THAT(refusal("magic"), AllOf(HasSubstr("method magic"), HasSubstr("dense, window, topk")));
  EXPECT_THAT(refusal("topk:size=3"), AllOf(HasSubstr("unknown key 'size'"), HasSubstr("density")));
  EXPECT_THAT(refusal("dense:size=3"), HasSubstr("it takes no parameters"));
  EXPECT_THAT(refusal("topk:density=2"), AllOf(HasSubstr("density=2"), HasSubstr("from 0.001 to 1")));
  EXPECT_THAT(refusal("topk:density=abc"), HasSubstr("density=abc"));
  EXPECT_THAT(refusal("topk:density=nan"), HasSubstr("density=nan"));
  EXPECT_THAT(refusal("topk:density="), HasSubstr("density="));
  EXPECT_THAT(refusal("topk:density"), HasSubstr("has no value"));
  EXPECT_THAT(refusal("topk:search_every=1.5"), HasSubstr("an integer"));
  EXPECT_THAT(refusal("topk:source=stars"), HasSubstr("one of exact, previous, pooled"));
  EXPECT_EQ(refusal("topk:density=0.1,source=pooled,dense_steps=0"), "");
  EXPECT_EQ(refusal("dense"), "");
}

SamplingPlan tenSteps() {
  return {std::vector<double>(10, 0.5), 1, 2};
}

MethodCall callOf(int step, int64_t tokens) {
  MethodCall call;
  call.step = step;
  call.q = at::zeros({2, tokens, 8});
  call.k = at::zeros({2, tokens, 8});
  call.v = at::zeros({2, tokens, 8});
  call.grid = {4, 8, int32_t(tokens / 32)};
  call.block = 32;
  return call;
}

std::vector<uint32_t> rowOf(const Plan& plan, size_t row) {
  const auto begin = plan.launches[0].lists->entry.begin();
  return {begin + plan.launches[0].lists->rowStart[row], begin + plan.launches[0].lists->rowStart[row + 1]};
}

using Blocks = std::vector<uint32_t>;

TEST(RunMethods, WindowByTokensReachesWholeBlocks) {
  const auto method = parseMethod("window:tokens=1,dense_steps=2")(tenSteps());
  EXPECT_EQ(method->plan(callOf(1, 128)).launches[0].lists, nullptr);
  const Plan plan = method->plan(callOf(2, 128));
  EXPECT_EQ(plan.kind, "sparse");
  EXPECT_EQ(rowOf(plan, 0), (Blocks{0, 1}));
  EXPECT_EQ(rowOf(plan, 1), (Blocks{0, 1, 2}));
  EXPECT_EQ(rowOf(plan, 3), (Blocks{2, 3}));
}

TEST(RunMethods, WindowKeepsTextRowsAndColumns) {
  const auto method = parseMethod("window:frames=0")(tenSteps());
  MethodCall call = callOf(0, 160);  // 4 frames of 32, then 32 tokens of text
  call.grid = {4, 4, 8};
  call.text = {128, 160};
  const Plan last = method->plan(call);
  EXPECT_EQ(rowOf(last, 1), (Blocks{1, 4}));
  EXPECT_EQ(rowOf(last, 4), (Blocks{0, 1, 2, 3, 4}));

  call.text = {0, 32};
  const Plan first = parseMethod("window:frames=0")(tenSteps())->plan(call);
  EXPECT_EQ(rowOf(first, 0), (Blocks{0, 1, 2, 3, 4}));
  EXPECT_EQ(rowOf(first, 2), (Blocks{0, 2}));
}

TEST(RunMethods, TheExampleIsAMethod) {
  const MethodInfo info = stripes();
  const auto method = info.make(Parameters(info.name, info.parameters, "every=2,dense_steps=1"), tenSteps());
  EXPECT_EQ(method->plan(callOf(0, 128)).launches[0].lists, nullptr);
  const Plan plan = method->plan(callOf(1, 128));
  EXPECT_EQ(rowOf(plan, 0), (Blocks{0, 2}));
  EXPECT_EQ(rowOf(plan, 3), (Blocks{1, 3}));
  EXPECT_EQ(plan.decisions[0].choice, "stripes");
}

TEST(RunMethods, TopKSearchesAtTheLastDenseStepAndThenEverySoOften) {
  const auto method = parseMethod("topk:density=0.5,dense_steps=2,search_every=3")(tenSteps());
  std::string kinds;
  for (int step = 0; step < 9; ++step) {
    const MethodCall call = callOf(step, 128);
    const Plan plan = method->plan(call);
    kinds += plan.kind + ' ';
    EXPECT_EQ(plan.wantMass, plan.kind == "search");
    MethodResult result;
    if (plan.wantMass) result.mass = at::rand({2, 4, 4});
    method->observe(call, result);
  }
  EXPECT_EQ(kinds, "dense search sparse sparse search sparse sparse search sparse ");
}

TEST(RunMethods, TopKKeepsTheHeaviestBlocksOfEachHeadAndBranch) {
  const auto method = parseMethod("topk:density=0.5,dense_steps=1")(tenSteps());
  MethodCall call = callOf(0, 128);
  for (const db::Branch branch : {db::Branch::Cond, db::Branch::Uncond}) {
    call.branch = branch;
    EXPECT_EQ(method->plan(call).kind, "search");
    MethodResult result;
    result.mass = at::zeros({2, 4, 4});
    result.mass[0][2][3] = 0.6;
    result.mass[0][2][1] = branch == db::Branch::Cond ? 0.3 : 0.0;
    result.mass[1][2][0] = 1.0;
    method->observe(call, result);
  }
  call.step = 1;
  EXPECT_EQ(rowOf(method->plan(call), 2), (Blocks{0, 3}));  // equal weights go to the lower block
  call.branch = db::Branch::Cond;
  const Plan plan = method->plan(call);
  EXPECT_EQ(rowOf(plan, 2), (Blocks{1, 3}));
  EXPECT_EQ(rowOf(plan, 4 + 2), (Blocks{0, 1}));  // head 1
}

TEST(RunMethods, TopKByPooledScoresFindsTheMatchingKeys) {
  MethodCall call = callOf(0, 128);
  for (int64_t block = 0; block < 4; ++block) {  // query block b points at key block 3 - b
    call.q.narrow(1, 32 * block, 32).select(2, block).fill_(10);
    call.k.narrow(1, 32 * (3 - block), 32).select(2, block).fill_(1);
  }
  const Plan plan = parseMethod("topk:density=0.25,source=pooled,dense_steps=0")(tenSteps())->plan(call);
  for (uint32_t block = 0; block < 4; ++block) EXPECT_EQ(rowOf(plan, block), (Blocks{3 - block}));
}

}  // namespace
}  // namespace ditscope::collector
