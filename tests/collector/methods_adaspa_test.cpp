// SPDX-License-Identifier: Apache-2.0
// AdaSpa: its budgets, its schedule, and its masks against masses in fp64, with fresh and with stale LSE.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "block_masses.h"
#include "collector/methods/head_budgets.h"
#include "collector/methods/step_list.h"
#include "db/error.h"
#include "method_support.h"

namespace ditscope::collector::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// One step with the kernel in between, as the backend does it.
Plan step(Method& method, const MethodCall& call) {
  Plan plan = method.plan(call);
  MethodResult result{at::zeros_like(call.v), lseOf(call).to(at::kFloat), {}, {}};
  method.observe(call, result);
  return plan;
}

const CallShape kShape = {.heads = 4, .grid = {3, 5, 9}, .dim = 24};  // 135 tokens: 4 blocks and 7 rows

// Query scales that make the heads differ, sharp ones first or last.
MethodCall unevenCall(uint64_t seed, std::initializer_list<float> scales) {
  MethodCall call = localCall(kShape, seed);
  call.q = call.q * at::tensor(scales).view({-1, 1, 1});
  return call;
}

// The paper's formulas in plain loops. mass: [H, g, t]; returns the share of the key blocks of each head.
std::vector<double> plainBudgets(const at::Tensor& mass, double sparsity, double gate, int64_t queries,
                                 int block) {
  const auto w = mass.accessor<double, 3>();
  const int64_t heads = mass.size(0), g = mass.size(1), t = mass.size(2);
  std::vector<std::pair<double, int64_t>> recalls;
  for (int64_t h = 0; h < heads; ++h) {
    double recall = 0;
    for (int64_t i = 0; i < g; ++i) {
      std::vector<double> row;
      for (int64_t j = 0; j < t; ++j) row.push_back(w[h][i][j]);
      std::sort(row.rbegin(), row.rend());
      const auto count = int64_t(std::ceil((1 - sparsity) * double(t) - 1e-9));
      double kept = 0, all = 0;
      for (int64_t j = 0; j < t; ++j) (j < count ? kept : all) += row[size_t(j)];
      recall += kept / (kept + all) * double(std::min<int64_t>(block, queries - i * block)) / double(queries);
    }
    recalls.emplace_back(-recall, h);
  }
  std::sort(recalls.begin(), recalls.end());
  int64_t n = 0;
  for (const auto& [recall, head] : recalls) n += -recall > gate;
  n = std::min(n, heads / 2);
  std::vector<double> shares(size_t(heads), 1 - sparsity);
  for (int64_t i = 0; i < n; ++i) {
    shares[size_t(recalls[size_t(i)].second)] = 1 - (1 + sparsity) / 2;
    shares[size_t(recalls[size_t(heads - 1 - i)].second)] = 1 - std::max(0.0, (3 * sparsity - 1) / 2);
  }
  return shares;
}

// The ceil(share * t) heaviest blocks of each row.
at::Tensor heaviest(const at::Tensor& mass, const std::vector<double>& shares) {
  at::Tensor kept = at::zeros(mass.sizes(), at::kBool);
  for (int64_t h = 0; h < mass.size(0); ++h) {
    const auto count = int64_t(std::ceil(shares[size_t(h)] * double(mass.size(2)) - 1e-9));
    kept[h].scatter_(1, std::get<1>(mass[h].topk(count, 1)), true);
  }
  return kept;
}

TEST(MethodsAdaSpa, EasyHeadsGiveHalfTheirBudgetToHardOnes) {
  // One block row each; the heaviest of five blocks holds 0.9, 0.85, 0.84, 0.5, 0.3.
  std::vector<float> mass;
  for (const float top : {0.5f, 0.9f, 0.3f, 0.84f, 0.85f}) {
    mass.push_back(top);
    mass.insert(mass.end(), 4, (1 - top) / 4);
  }
  const auto budgets = headBudgets({5, 1, 5}, mass, 32, 32, {0.2, 0.8, true});
  EXPECT_EQ(budgets[1].name, "less");
  EXPECT_EQ(budgets[4].name, "less");
  EXPECT_EQ(budgets[3].name, "base") << "three are easy, but half of five heads are two";
  EXPECT_EQ(budgets[2].name, "more");
  EXPECT_EQ(budgets[0].name, "more");
  EXPECT_DOUBLE_EQ(budgets[1].share, 0.1) << "sparsity (1 + 0.8) / 2";
  EXPECT_DOUBLE_EQ(budgets[2].share, 0.3) << "sparsity (3 * 0.8 - 1) / 2";
  EXPECT_DOUBLE_EQ(budgets[3].share, 0.2);
  for (const HeadBudget& budget : headBudgets({5, 1, 5}, mass, 32, 32, {0.2, 0.8, false})) {
    EXPECT_EQ(budget.name, "base");
    EXPECT_DOUBLE_EQ(budget.share, 0.2);
  }
}

TEST(MethodsAdaSpa, TheMeanBudgetStaysAndNoBudgetPassesOne) {
  const MethodCall call = unevenCall(3, {9, 0.1f, 6, 0.2f});
  const at::Tensor mass = trueMasses(call).to(at::kFloat).contiguous();
  for (const double share : {0.1, 0.5, 0.8, 1.0}) {
    const auto budgets =
        headBudgets({4, 5, 5}, {mass.data_ptr<float>(), size_t(mass.numel())}, 135, 32, {share, 0.1, true});
    double sum = 0;
    for (const HeadBudget& budget : budgets) {
      EXPECT_LE(budget.share, 1);
      EXPECT_GT(budget.share, 0);
      sum += budget.share;
    }
    EXPECT_NEAR(sum / 4, share, 1e-12);
  }
}

TEST(MethodsAdaSpa, RowsCountByTheirOwnSum) {
  const MethodCall call = unevenCall(3, {9, 0.1f, 6, 0.2f});
  const at::Tensor mass = trueMasses(call).to(at::kFloat).contiguous();
  const at::Tensor scaled = mass * at::tensor({1.f, 1e3f, 1e-3f, 7.f, 0.1f}).view({1, 5, 1});
  const auto budgets = [](const at::Tensor& x) {
    return headBudgets({4, 5, 5}, {x.data_ptr<float>(), size_t(x.numel())}, 135, 32, {0.2, 0.6, true});
  };
  const auto fresh = budgets(mass), stale = budgets(scaled.contiguous());
  for (size_t h = 0; h < 4; ++h) EXPECT_EQ(fresh[h].name, stale[h].name);
}

TEST(MethodsAdaSpa, StepsAreCountsOrShares) {
  EXPECT_THAT(parseSteps("m", "k", "10+30", 50), ElementsAre(10, 30));
  EXPECT_THAT(parseSteps("m", "k", "0.2+0.6", 50), ElementsAre(10, 30));
  EXPECT_THAT(parseSteps("m", "k", "0.2+0.6", 20), ElementsAre(4, 12));
  EXPECT_THAT(parseSteps("m", "k", "0+30", 20), ElementsAre(0, 30));
  for (const std::string text : {"", "+", "3+", "+3", "3,4", "a", "4+3", "1.5", "-1", "nan", "3++4", "1e9"}) {
    EXPECT_THROW((void)parseSteps("m", "k", text, 20), db::Error) << text;
  }
  try {
    (void)makeMethod("adaspa:search_steps=30+10");
    FAIL();
  } catch (const db::Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("method adaspa : search_steps=30+10 is not possible"));
  }
}

std::string kindsOf(const std::string& text, int steps, int layer = 0) {
  const auto method = makeMethod(text, samplingPlan(steps, 2, 4));
  const MethodCall call = randomCall(kShape);
  std::string kinds;
  for (int i = 0; i < steps; ++i) {
    const Plan plan = step(*method, callAt(call, i, layer));
    kinds += plan.kind == "sparse" ? std::to_string(plan.decisions.at(0).sourceStep) : plan.kind.substr(0, 1);
  }
  return kinds;
}

TEST(MethodsAdaSpa, TheFirstSearchIsDenseLaterOnesServeTheirOwnStep) {
  EXPECT_EQ(kindsOf("adaspa", 10), "dds2226666");
  EXPECT_EQ(kindsOf("adaspa:search_steps=0", 5), "s0000");
  EXPECT_EQ(kindsOf("adaspa:search_steps=1+3+4", 6), "ds1344");
  EXPECT_EQ(kindsOf("adaspa:dense_steps=2", 10), "ds11116666")
      << "the first search rides on the last dense step";
  EXPECT_EQ(kindsOf("adaspa:dense_steps=5", 10), "dddds46666");
  EXPECT_EQ(kindsOf("adaspa:dense_until=0.65", 10), "ddds336666");
  EXPECT_EQ(kindsOf("adaspa:dense_last=2", 10), "dds22266dd");
  EXPECT_EQ(kindsOf("adaspa:dense_layers=1", 10), "dddddddddd");
  EXPECT_EQ(kindsOf("adaspa:dense_layers=1", 10, 1), "dds2226666");
  EXPECT_EQ(kindsOf("adaspa:search_steps=9", 10), "ddddddddds");
}

TEST(MethodsAdaSpa, TheFirstMaskHasTheHeaviestBlocksByFreshMasses) {
  const MethodCall call = unevenCall(5, {6, 0.3f, 1, 0.5f});
  const auto method = makeMethod("adaspa:density=0.4,search_steps=0,recall=0.7", samplingPlan(5, 1, 4));
  step(*method, call);
  const Plan plan = step(*method, callAt(call, 1));
  const std::vector<double> shares = plainBudgets(trueMasses(call), 0.6, 0.7, 135, 32);
  EXPECT_THAT(shares, testing::Contains(testing::DoubleNear(0.2, 1e-12))) << "some head must be easy";
  EXPECT_TRUE(keptBlocks(plan, call).equal(heaviest(trueMasses(call), shares)));
  ASSERT_EQ(plan.decisions.size(), 4u);
  for (size_t h = 0; h < 4; ++h) EXPECT_FLOAT_EQ(plan.decisions[h].budget, float(shares[h]));
}

TEST(MethodsAdaSpa, LaterSearchesRankByTheLseOfTheFirst) {
  const MethodCall first = unevenCall(5, {6, 0.3f, 1, 0.5f}), later = unevenCall(6, {1, 4, 0.2f, 0.4f});
  const auto method = makeMethod("adaspa:density=0.4,search_steps=0+2+4,recall=0.7", samplingPlan(6, 1, 4));
  step(*method, first);
  step(*method, callAt(first, 1));
  const at::Tensor stale = massesFromLse(later, lseOf(first));
  for (const int at : {2, 4}) {  // the LSE stays that of the first search
    const Plan plan = step(*method, callAt(later, at));
    const std::vector<double> shares = plainBudgets(stale, 0.6, 0.7, 135, 32);
    EXPECT_EQ(plan.kind, "sparse");
    EXPECT_TRUE(keptBlocks(plan, later).equal(heaviest(stale, shares)));
    for (const db::HeadDecision& decision : plan.decisions) EXPECT_EQ(decision.sourceStep, at);
  }
}

TEST(MethodsAdaSpa, MassesOfAFreshLseSumToOneInEveryRow) {
  EXPECT_LT(largest(trueMasses(randomCall(kShape)).sum(2) - 1), 1e-12);
}

TEST(MethodsAdaSpa, FullDensityIsDenseAttention) {
  const MethodCall call = unevenCall(5, {6, 0.3f, 1, 0.5f});
  const auto method = makeMethod("adaspa:density=1,search_steps=0,recall=0", samplingPlan(5, 1, 4));
  step(*method, call);
  const at::Tensor out = runKernel(step(*method, callAt(call, 1)), call);
  EXPECT_LT(largest(out - maskedAttention(call, at::ones({1, 1, 1}, at::kBool))), 2e-5);
}

TEST(MethodsAdaSpa, TextAttendsAllAndIsAttendedByAll) {
  const MethodCall call = randomCall({.grid = {4, 4, 8}, .text = {128, 150}});
  const auto method = makeMethod("adaspa:search_steps=0", samplingPlan(5));
  step(*method, call);
  const at::Tensor mask = tokenMask(step(*method, callAt(call, 1)), call);
  EXPECT_TRUE(mask.slice(1, 128, 150).all().item<bool>());
  EXPECT_TRUE(mask.slice(2, 128, 150).all().item<bool>());
  EXPECT_FALSE(mask.all().item<bool>());
}

TEST(MethodsAdaSpa, BranchesAndGenerationsAreApart) {
  const MethodCall cond = unevenCall(5, {6, 0.3f, 1, 0.5f}), uncond = unevenCall(6, {1, 4, 0.2f, 0.4f});
  const auto method = makeMethod("adaspa:search_steps=0,adaptive=off", samplingPlan(5, 1, 4));
  step(*method, cond);
  step(*method, callAt(uncond, 0, 0, db::Branch::Uncond));
  const std::vector<double> shares(4, 0.2);
  const Plan condPlan = step(*method, callAt(cond, 1));
  const Plan uncondPlan = step(*method, callAt(uncond, 1, 0, db::Branch::Uncond));
  EXPECT_TRUE(keptBlocks(condPlan, cond).equal(heaviest(trueMasses(cond), shares)));
  EXPECT_TRUE(keptBlocks(uncondPlan, uncond).equal(heaviest(trueMasses(uncond), shares)));
  EXPECT_EQ(makeMethod("adaspa:search_steps=0", samplingPlan(5, 1, 4))->plan(callAt(cond, 3)).kind, "search");
}

}  // namespace
}  // namespace ditscope::collector::test
