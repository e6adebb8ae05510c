// SPDX-License-Identifier: Apache-2.0
// topk and topp: which blocks they keep for which weights, against true masses and pooled scores in fp64.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "block_masses.h"
#include "collector/instrumented_attention.h"
#include "method_support.h"

namespace ditscope::collector::test {
namespace {

using testing::ElementsAre;

// What the method keeps at the step after a search that found these masses: [H, query blocks, key blocks].
at::Tensor keptFor(const std::string& text, const at::Tensor& mass) {
  MethodCall call;
  call.q = at::zeros({mass.size(0), mass.size(1) * 32, 4});
  call.k = call.v = at::zeros({mass.size(0), mass.size(2) * 32, 4});
  call.block = 32;
  const auto method = makeMethod(text, samplingPlan(4));
  EXPECT_EQ(method->plan(call).kind, "search");
  MethodResult result;
  result.mass = mass;
  method->observe(call, result);
  return keptBlocks(method->plan(callAt(call, 1)), callAt(call, 1));
}

int64_t keptInRow(const std::string& text, const at::Tensor& row) {
  return keptFor(text, row.view({1, 1, -1})).sum().item<int64_t>();
}

const CallShape kRagged = {.heads = 3, .grid = {3, 5, 9}, .dim = 24};  // 135 tokens: 4 blocks and 7 rows

TEST(MethodsTopK, RoundsUpAndKeepsAtLeastOne) {
  const at::Tensor row = at::tensor({0.1f, 0.2f, 0.05f, 0.3f, 0.35f});
  for (const auto& [density, count] : std::map<std::string, int64_t>{
           {"0.001", 1}, {"0.2", 1}, {"0.21", 2}, {"0.4", 2}, {"0.6", 3}, {"0.61", 4}, {"1", 5}}) {
    EXPECT_EQ(keptInRow("topk:density=" + density, row), count) << density;
  }
  EXPECT_EQ(keptInRow("topk:density=0.2,min_keep=3", row), 3);
  EXPECT_EQ(keptInRow("topk:density=0.2,min_keep=9", row), 5);
}

TEST(MethodsTopK, EqualWeightsGoToTheLowerBlock) {
  const at::Tensor kept = keptFor("topk:density=0.5", at::full({1, 1, 4}, 0.25));
  EXPECT_TRUE(kept[0][0].slice(0, 0, 2).all().item<bool>());
  EXPECT_EQ(kept.sum().item<int64_t>(), 2);
}

TEST(MethodsTopK, BlocksOfAHeadCompeteWithinTheBudget) {
  const at::Tensor mass = at::tensor({0.9f, 0.05f, 0.05f, 0.f, /**/ 0.4f, 0.3f, 0.2f, 0.1f}).view({1, 2, 4});
  const auto blocks = [&mass](const std::string& text) {
    std::vector<int> result;
    const at::Tensor kept = keptFor(text, mass).flatten();
    for (int64_t i = 0; i < kept.numel(); ++i) result.push_back(kept[i].item<bool>());
    return result;
  };
  EXPECT_THAT(blocks("topk:density=0.375,scope=head"), ElementsAre(1, 0, 0, 0, 1, 1, 0, 0));
  EXPECT_THAT(blocks("topk:density=0.125,scope=head"), ElementsAre(1, 0, 0, 0, 1, 0, 0, 0)) << "no row empty";
  EXPECT_THAT(blocks("topk:density=0.5,scope=head,min_keep=2"), ElementsAre(1, 1, 0, 0, 1, 1, 0, 0));
  EXPECT_THAT(blocks("topp:share=0.8,scope=head"), ElementsAre(1, 0, 0, 0, 1, 1, 0, 0)) << "1.6 of 2";
}

TEST(MethodsTopP, TheTableOfConventions) {
  const at::Tensor row = at::tensor({0.1f, 0.5f, 0.05f, 0.2f, 0.15f});
  EXPECT_EQ(keptInRow("topp:share=0.7,crossing=excluded", row), 2) << "an exact hit";
  EXPECT_EQ(keptInRow("topp:share=0.7,crossing=included", row), 2) << "an exact hit";
  EXPECT_EQ(keptInRow("topp:share=0.75,crossing=excluded", row), 2);
  EXPECT_EQ(keptInRow("topp:share=0.75,crossing=included", row), 3);
  EXPECT_EQ(keptInRow("topp:share=0.4,crossing=excluded", row), 1) << "never none";
  EXPECT_EQ(keptInRow("topp:share=0.4,crossing=excluded,min_keep=3", row), 3);
  EXPECT_EQ(keptInRow("topp:share=1,crossing=excluded", at::tensor({1.f, 0.f, 0.f})), 3);
}

TEST(MethodsTopP, UniformRowsNeedManyBlocksAndPeakedRowsOne) {
  EXPECT_EQ(keptInRow("topp:share=0.5", at::full({10}, 0.1)), 5);
  EXPECT_EQ(keptInRow("topp:share=0.5", at::tensor({0.01f, 0.9f, 0.09f})), 1);
}

TEST(MethodsTopK, TheOracleKeepsTheMostMassThatSoManyBlocksCanHold) {
  const MethodCall call = randomCall(kRagged);
  const at::Tensor mass = trueMasses(call);  // [3, 5, 5]
  const Plan plan = makeMethod("topk:density=0.4,source=exact,dense_steps=0")->plan(call);
  EXPECT_EQ(plan.kind, "sparse");
  const at::Tensor kept = keptBlocks(plan, call);
  EXPECT_TRUE(kept.sum(2).eq(2).all().item<bool>());
  const at::Tensor best = std::get<0>(mass.topk(2, 2)).sum(2);
  EXPECT_LT(largest(1 - (mass * kept).sum(2) / best), 2e-3) << "log masses come in steps of 0.3 %";
  ASSERT_EQ(plan.decisions.size(), 1u);
  EXPECT_EQ(plan.decisions[0].choice, "topk");
  EXPECT_FLOAT_EQ(plan.decisions[0].budget, 0.4f);
}

TEST(MethodsTopK, AnOracleOverAHeadCountsTheRowsOfTheLastBlock) {
  const MethodCall call = randomCall(kRagged);
  const at::Tensor rows = at::tensor({32., 32., 32., 32., 7.}).view({1, 5, 1});
  const at::Tensor mass = trueMasses(call) * rows;
  const at::Tensor kept =
      keptBlocks(makeMethod("topk:density=0.4,source=exact,scope=head,dense_steps=0")->plan(call), call);
  for (int64_t h = 0; h < 3; ++h) {
    EXPECT_EQ(kept[h].sum().item<int64_t>(), 10);
    const double heaviestDropped = mass[h].masked_fill(kept[h], 0).max().item<double>();
    const at::Tensor ofRow = std::get<0>(mass[h].max(1, true));
    const at::Tensor free = kept[h].logical_and(mass[h].ne(ofRow));  // not kept as the heaviest of its row
    EXPECT_GT(mass[h].masked_fill(free.logical_not(), 1e9).min().item<double>(), heaviestDropped * 0.997);
  }
}

TEST(MethodsTopP, TheOracleKeepsTheShareAndNotABlockMore) {
  const MethodCall call = randomCall(kRagged);
  const at::Tensor mass = trueMasses(call);
  for (const std::string crossing : {"included", "excluded"}) {
    const Plan plan =
        makeMethod("topp:share=0.6,source=exact,dense_steps=0,crossing=" + crossing)->plan(call);
    const at::Tensor kept = keptBlocks(plan, call);
    const at::Tensor sum = (mass * kept).sum(2);
    const at::Tensor lightest = std::get<0>(mass.masked_fill(kept.logical_not(), 2).min(2));
    const at::Tensor heaviestDropped = std::get<0>(mass.masked_fill(kept, 0).max(2));
    if (crossing == "included") {
      EXPECT_GT(sum.min().item<double>(), 0.6 - 2e-3);
      EXPECT_LT((sum - lightest).max().item<double>(), 0.6 + 2e-3);
    } else {
      EXPECT_TRUE(sum.lt(0.6 + 2e-3).logical_or(kept.sum(2).eq(1)).all().item<bool>());
      EXPECT_GT((sum + heaviestDropped).min().item<double>(), 0.6 - 2e-3);
    }
    EXPECT_FLOAT_EQ(plan.decisions.at(0).threshold, 0.6f);
  }
}

// Straight from the formula, with token loops: softmax over key blocks of mean(q) . mean(k) / sqrt(D), each
// key block weighted by its tokens.
std::vector<double> pooledRow(const MethodCall& call, int64_t head, int64_t g) {
  const auto q = call.q.accessor<float, 3>(), k = call.k.accessor<float, 3>();
  const int64_t blocks = (call.keys() + call.block - 1) / call.block;
  std::vector<double> weights;
  for (int64_t t = 0; t < blocks; ++t) {
    const int64_t q0 = g * call.block, q1 = std::min(q0 + call.block, call.queries());
    const int64_t k0 = t * call.block, k1 = std::min(k0 + call.block, call.keys());
    double score = 0;
    for (int64_t d = 0; d < call.q.size(2); ++d) {
      double meanQ = 0, meanK = 0;
      for (int64_t i = q0; i < q1; ++i) meanQ += double(q[head][i][d]) / double(q1 - q0);
      for (int64_t j = k0; j < k1; ++j) meanK += double(k[head][j][d]) / double(k1 - k0);
      score += meanQ * meanK;
    }
    weights.push_back(double(k1 - k0) * std::exp(score / std::sqrt(double(call.q.size(2)))));
  }
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  for (double& weight : weights) weight /= sum;
  return weights;
}

TEST(MethodsTopP, PooledWeightsCountTheTokensOfTheLastBlock) {
  MethodCall call = randomCall(kRagged);
  call.k.narrow(1, 128, 7).mul_(3);  // the mean of few tokens is large
  const at::Tensor kept =
      keptBlocks(makeMethod("topp:share=0.7,source=pooled,dense_steps=0")->plan(call), call);
  for (int64_t h = 0; h < 3; ++h) {
    for (int64_t g = 0; g < 5; ++g) {
      const std::vector<double> weights = pooledRow(call, h, g);
      double sum = 0, lightest = 1, heaviestDropped = 0;
      for (int64_t t = 0; t < 5; ++t) {
        const double weight = weights[size_t(t)];
        if (kept[h][g][t].item<bool>()) {
          sum += weight;
          lightest = std::min(lightest, weight);
        } else {
          heaviestDropped = std::max(heaviestDropped, weight);
        }
      }
      EXPECT_GE(sum, 0.7 - 1e-5);
      EXPECT_LT(sum - lightest, 0.7 + 1e-5);
      EXPECT_LE(heaviestDropped, lightest + 1e-6);
    }
  }
}

TEST(MethodsTopK, EverythingKeptIsDenseAttention) {
  const MethodCall call = randomCall({.heads = 2, .grid = {3, 5, 9}, .dim = 72});
  const at::Tensor all = at::ones({1, 1, 1}, at::kBool);
  for (const std::string source : {"exact", "pooled"}) {
    for (const std::string text : {"topk:density=1", "topp:share=1", "topk:density=1,scope=head"}) {
      const std::string common = text + ",dense_steps=0,source=" + source;
      EXPECT_LT(largest(runKernel(makeMethod(common)->plan(call), call) - maskedAttention(call, all)), 2e-5);
    }
  }
}

TEST(MethodsTopK, TextAttendsAllAndIsAttendedByAll) {
  for (const db::TextSpan text : {db::TextSpan{0, 40}, db::TextSpan{128, 150}}) {
    const MethodCall call = randomCall({.grid = {4, 4, 8}, .text = text});
    const at::Tensor mask =
        tokenMask(makeMethod("topk:density=0.2,source=pooled,dense_steps=0")->plan(call), call);
    EXPECT_TRUE(mask.slice(1, text.begin, text.end).all().item<bool>());
    EXPECT_TRUE(mask.slice(2, text.begin, text.end).all().item<bool>());
    EXPECT_FALSE(mask.all().item<bool>());
  }
}

TEST(MethodsTopK, WhatTheModelGetsIsAttentionUnderTheMask) {
  const MethodCall call = randomCall(kRagged);
  const std::string text = "topk:density=0.4,source=exact,dense_steps=0";
  const RunClock clock;
  InstrumentedAttention attention(makeMethod(text), call.block, clock, nullptr);
  AttentionContext context;
  context.branchOfRow = {db::Branch::Cond};
  context.grid = call.grid;
  const at::Tensor out =
      attention.attend(call.q.unsqueeze(0), call.k.unsqueeze(0), call.v.unsqueeze(0), context);
  const at::Tensor mask = tokenMask(makeMethod(text)->plan(call), call);
  EXPECT_LT(largest(out[0] - maskedAttention(call, mask)), 2e-5);
}

TEST(MethodsTopP, BranchesLayersAndGenerationsAreApart) {
  const auto maker = [] { return makeMethod("topp:share=0.5,search_every=100", samplingPlan(9, 2)); };
  const auto method = maker();
  const MethodCall call = randomCall({});
  const auto search = [&](int layer, db::Branch branch, int64_t heaviest) {
    const MethodCall at0 = callAt(call, 0, layer, branch);
    EXPECT_EQ(method->plan(at0).kind, "search");
    MethodResult result;
    result.mass = at::zeros({2, 4, 4});
    result.mass.select(2, heaviest).fill_(1);
    method->observe(at0, result);
  };
  search(0, db::Branch::Cond, 1);
  search(0, db::Branch::Uncond, 2);
  search(1, db::Branch::Cond, 3);
  const auto keeps = [&](int layer, db::Branch branch, int64_t block) {
    const MethodCall later = callAt(call, 5, layer, branch);
    const Plan plan = method->plan(later);
    const at::Tensor kept = keptBlocks(plan, later);
    return kept.select(2, block).all().item<bool>() && kept.sum().item<int64_t>() == 8 &&
           plan.decisions.at(0).sourceStep == 0;
  };
  EXPECT_TRUE(keeps(0, db::Branch::Cond, 1));
  EXPECT_TRUE(keeps(0, db::Branch::Uncond, 2));
  EXPECT_TRUE(keeps(1, db::Branch::Cond, 3));
  EXPECT_EQ(maker()->plan(callAt(call, 5)).kind, "search") << "a fresh object knows nothing";
}

}  // namespace
}  // namespace ditscope::collector::test
