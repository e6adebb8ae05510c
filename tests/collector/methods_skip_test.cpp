// SPDX-License-Identifier: Apache-2.0
// In-loop skips, blasst and dynsparse: outputs and kept blocks against a plain flash attention loop in fp64
// that applies the published rules.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "block_masses.h"
#include "collector/instrumented_attention.h"
#include "collector/plan_runner.h"
#include "method_support.h"

namespace ditscope::collector::test {
namespace {

using testing::ElementsAre;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Whether a row lets a block go: the block's maximum, and the running maximum and denominator before it.
using RowRule = std::function<bool(double blockMax, double max, double sum)>;
// The key blocks of a query block in visiting order.
using Visits = std::function<std::vector<int64_t>(int64_t queryBlock)>;

struct FlashResult {
  at::Tensor out;   // [H, N, D] fp64
  at::Tensor kept;  // [H, g, t] bool
};

FlashResult flashLoop(const MethodCall& call, const RowRule& skips, const Visits& visits) {
  const at::Tensor scores = at::matmul(call.q.to(at::kDouble), call.k.to(at::kDouble).transpose(1, 2)) /
                            std::sqrt(double(call.q.size(2)));
  const at::Tensor values = call.v.to(at::kDouble);
  const auto s = scores.accessor<double, 3>(), v = values.accessor<double, 3>();
  const int64_t n = call.queries(), d = call.q.size(2), b = call.block;
  FlashResult result{
      at::zeros({call.heads(), n, d}, at::kDouble),
      at::zeros({call.heads(), blocksOf(n, call.block), blocksOf(call.keys(), call.block)}, at::kBool)};
  auto out = result.out.accessor<double, 3>();
  auto kept = result.kept.accessor<bool, 3>();
  for (int64_t h = 0; h < call.heads(); ++h) {
    for (int64_t g = 0; g * b < n; ++g) {
      const int64_t rows = std::min(b, n - g * b);
      std::vector<double> max(size_t(rows), -kInfinity), sum(size_t(rows), 0.0);
      bool first = true;
      for (const int64_t t : visits(g)) {
        const int64_t end = std::min((t + 1) * b, call.keys());
        bool all = !first;
        first = false;
        std::vector<double> blockMax(size_t(rows), -kInfinity);
        for (int64_t r = 0; r < rows; ++r) {
          const auto i = size_t(r);
          for (int64_t j = t * b; j < end; ++j) blockMax[i] = std::max(blockMax[i], s[h][g * b + r][j]);
          all = all && skips(blockMax[i], max[i], sum[i]);
        }
        if (all) continue;
        kept[h][g][t] = true;
        for (int64_t r = 0; r < rows; ++r) {
          const auto i = size_t(r);
          const double newMax = std::max(max[i], blockMax[i]), rescale = std::exp(max[i] - newMax);
          sum[i] *= rescale;
          for (int64_t x = 0; x < d; ++x) out[h][g * b + r][x] *= rescale;
          for (int64_t j = t * b; j < end; ++j) {
            const double weight = std::exp(s[h][g * b + r][j] - newMax);
            sum[i] += weight;
            for (int64_t x = 0; x < d; ++x) out[h][g * b + r][x] += weight * v[h][j][x];
          }
          max[i] = newMax;
        }
      }
      for (int64_t r = 0; r < rows; ++r) {
        for (int64_t x = 0; x < d; ++x) out[h][g * b + r][x] /= sum[size_t(r)];
      }
    }
  }
  return result;
}

RowRule blasstRule(double lambda) {
  return [lambda](double blockMax, double max, double) {
    return blockMax - max < std::log(std::min(lambda, 1.0));
  };
}

RowRule runningMassRule(double lnLambda) {  // blockMax - LSE of what was kept so far
  return [lnLambda](double blockMax, double max, double sum) {
    return blockMax - (max + std::log(sum)) < lnLambda;
  };
}

Visits inSequence(const MethodCall& call) {
  return [blocks = blocksOf(call.keys(), call.block)](int64_t) {
    std::vector<int64_t> all(static_cast<size_t>(blocks));
    for (int64_t t = 0; t < blocks; ++t) all[size_t(t)] = t;
    return all;
  };
}

Visits diagonalThenSink(const MethodCall& call) {
  return [blocks = blocksOf(call.keys(), call.block)](int64_t g) {
    std::vector<int64_t> all = {g};
    if (g != 0) all.push_back(0);
    for (int64_t t = 1; t < blocks; ++t) {
      if (t != g) all.push_back(t);
    }
    return all;
  };
}

at::Tensor keptByKernel(const Plan& plan, const MethodCall& call) {  // [H, g, t] bool
  const RunClock clock;
  const at::Tensor bits = runPlan(plan, call.q.unsqueeze(0), call.k.unsqueeze(0), call.v.unsqueeze(0),
                                  {.block = call.block, .keptBits = true}, clock)
                              .kernel.keptBits[0];
  const int64_t blocks = blocksOf(call.keys(), call.block);
  std::vector<at::Tensor> columns;
  for (int64_t t = 0; t < blocks; ++t) {
    columns.push_back(
        bits.select(2, t / 32).to(at::kLong).bitwise_right_shift(t % 32).bitwise_and(1).to(at::kBool));
  }
  return at::stack(columns, 2);
}

at::Tensor throughTheBackend(const std::string& text, const MethodCall& call) {
  const RunClock clock;
  InstrumentedAttention attention(makeMethod(text), call.block, clock, nullptr);
  AttentionContext context;
  context.branchOfRow = {db::Branch::Cond};
  context.grid = call.grid;
  return attention.attend(call.q.unsqueeze(0), call.k.unsqueeze(0), call.v.unsqueeze(0), context)[0];
}

void expectThePublishedRule(const std::string& text, const MethodCall& call, const RowRule& rule,
                            const Visits& visits, bool mustSkip) {
  const FlashResult expected = flashLoop(call, rule, visits);
  EXPECT_TRUE(keptByKernel(makeMethod(text)->plan(call), call).equal(expected.kept)) << text;
  EXPECT_LT(largest(throughTheBackend(text, call) - expected.out), 5e-5) << text;
  if (mustSkip) {
    EXPECT_FALSE(expected.kept.all().item<bool>()) << text << " must skip something";
  }
  EXPECT_TRUE(expected.kept.any(2).all().item<bool>());
}

const CallShape kRagged = {.heads = 3, .grid = {3, 9, 11}, .dim = 24};  // 297 tokens: 9 blocks and 9 rows
const CallShape kWide = {.heads = 2, .grid = {2, 9, 11}, .dim = 72};

TEST(MethodsBlasst, SkipsWhatThePublishedRuleSkips) {
  for (const CallShape& shape : {kRagged, kWide}) {
    const MethodCall call = localCall(shape, 11);
    for (const double lambda : {0.003, 0.02, 0.1, 0.4, 1.0}) {
      expectThePublishedRule("blasst:lambda=" + std::to_string(lambda), call, blasstRule(lambda),
                             inSequence(call), lambda > 0.05);
    }
  }
}

TEST(MethodsBlasst, AScaleFactorIsDividedByTheKeys) {
  const MethodCall call = localCall(kRagged, 12);
  const Plan plan = makeMethod("blasst:scale_factor=29.7")->plan(call);
  ASSERT_EQ(plan.decisions.size(), 3u);
  for (const db::HeadDecision& decision : plan.decisions)
    EXPECT_NEAR(decision.threshold, std::log(0.1), 1e-6);
  expectThePublishedRule("blasst:scale_factor=29.7", call, blasstRule(0.1), inSequence(call), true);
}

TEST(MethodsBlasst, LambdaAboveOneCountsAsOne) {
  const MethodCall call = localCall(kRagged, 13);
  EXPECT_EQ(makeMethod("blasst:lambda=50")->plan(call).decisions[0].threshold, 0);
  EXPECT_EQ(makeMethod("blasst:scale_factor=1e6")->plan(call).decisions[0].threshold, 0);
  EXPECT_TRUE(keptByKernel(makeMethod("blasst:lambda=50")->plan(call), call)
                  .equal(keptByKernel(makeMethod("blasst:lambda=1")->plan(call), call)));
}

TEST(MethodsBlasst, ATinyLambdaSkipsNothing) {
  const MethodCall call = randomCall(kRagged);
  const at::Tensor all = at::ones({1, 1, 1}, at::kBool);
  EXPECT_TRUE(keptByKernel(makeMethod("blasst:lambda=1e-30")->plan(call), call).all().item<bool>());
  EXPECT_LT(largest(throughTheBackend("blasst:lambda=1e-30", call) - maskedAttention(call, all)), 2e-5);
}

TEST(MethodsBlasst, DenseStepsRunNoRule) {
  const auto method = makeMethod("blasst:dense_steps=2", samplingPlan(5));
  const MethodCall call = randomCall(kRagged);
  EXPECT_TRUE(method->plan(callAt(call, 1)).launches[0].computesAll());
  EXPECT_EQ(method->plan(callAt(call, 2)).launches[0].skip.kind, kernels::SkipRule::Kind::Blasst);
}

TEST(MethodsDynSparse, SkipsWhatThePublishedRuleSkips) {
  for (const CallShape& shape : {kRagged, kWide}) {
    const MethodCall call = localCall(shape, 21);
    for (const double loss : {0.02, 0.1, 0.5, 2.0}) {
      const double lnLambda = std::log(loss) + std::log(32.0 / double(call.keys()));
      const std::string text = "dynsparse:p=" + std::to_string(loss);
      expectThePublishedRule(text, call, runningMassRule(lnLambda), diagonalThenSink(call), loss > 0.3);
      expectThePublishedRule(text + ",order=sequence", call, runningMassRule(lnLambda), inSequence(call),
                             false);
    }
    expectThePublishedRule("dynsparse:lambda=-2.5", call, runningMassRule(-2.5), diagonalThenSink(call),
                           true);
  }
}

TEST(MethodsDynSparse, LambdaComesFromTheLossTheBlockAndTheKeys) {
  const MethodCall call = randomCall(kRagged);
  const auto threshold = [&call](const std::string& text) {
    const Plan plan = makeMethod(text)->plan(call);
    EXPECT_TRUE(std::isnan(plan.decisions.at(0).budget));
    EXPECT_EQ(plan.launches[0].skip.lnLambda, plan.decisions[0].threshold);
    return double(plan.decisions[0].threshold);
  };
  EXPECT_NEAR(threshold("dynsparse:p=0.1"), std::log(0.1 * 32 / 297), 1e-6);
  EXPECT_EQ(threshold("dynsparse:p=1000"), 0) << "clamped";
  EXPECT_EQ(threshold("dynsparse:p=0.1,lambda=-6"), -6);
}

TEST(MethodsDynSparse, ADroppedShareIsAtMostWhatWasAllowedTimesTheBlock) {
  // The guaranteed bound: each skipped block holds less than block * exp(lambda) of what its row kept.
  const MethodCall call = localCall(kRagged, 22);
  const at::Tensor kept = keptByKernel(makeMethod("dynsparse:lambda=-5")->plan(call), call);
  const at::Tensor lost = (trueMasses(call) * kept.logical_not()).sum(2);
  const at::Tensor skipped = kept.logical_not().sum(2).to(at::kDouble);
  EXPECT_TRUE(lost.le(skipped * 32 * std::exp(-5.0)).all().item<bool>());
}

TEST(MethodsDynSparse, TheDiagonalAndTheSinkComeFirst) {
  const auto row = [](const MethodCall& call, int64_t g) {
    const Plan plan = makeMethod("dynsparse")->plan(call);
    const kernels::BlockListStorage& lists = *plan.launches[0].lists;
    return std::vector<uint32_t>(lists.entry.begin() + lists.rowStart[size_t(g)],
                                 lists.entry.begin() + lists.rowStart[size_t(g) + 1]);
  };
  const MethodCall call = randomCall({.grid = {4, 4, 8}});
  EXPECT_THAT(row(call, 0), ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(row(call, 2), ElementsAre(2, 0, 1, 3));
  const MethodCall withText = randomCall({.grid = {4, 4, 8}, .text = {128, 140}});
  EXPECT_THAT(row(withText, 1), ElementsAre(1, 4, 0, 2, 3));
  EXPECT_EQ(makeMethod("dynsparse:order=sequence")->plan(call).launches[0].lists, nullptr);
}

TEST(MethodsDynSparse, TheListIsMadeAnewForAnotherShape) {
  const auto method = makeMethod("dynsparse", samplingPlan(4));
  const MethodCall small = randomCall({.grid = {4, 4, 8}}), large = randomCall({.grid = {5, 4, 8}});
  const auto first = method->plan(small).launches[0].lists;
  EXPECT_EQ(method->plan(callAt(small, 1)).launches[0].lists, first);
  EXPECT_EQ(method->plan(large).launches[0].lists->rowStart.size(), 6u);
}

}  // namespace
}  // namespace ditscope::collector::test
