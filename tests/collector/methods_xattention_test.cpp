// SPDX-License-Identifier: Apache-2.0
// xattention against its formulas in fp64: antidiagonal sums token by token, softmax over groups of keys, the
// fewest blocks that reach tau.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <numeric>

#include "block_masses.h"
#include "db/error.h"
#include "method_support.h"
#include "temporary_folder.h"

namespace ditscope::collector::test {
namespace {

using testing::HasSubstr;

const CallShape kRagged = {.heads = 3, .grid = {3, 5, 9}, .dim = 24};  // 135 tokens: 4 blocks and 7 rows

// [H, g, t] fp64: A = softmax over groups of keys of sum_a q[i S + S - 1 - a] . k[j S + a] / (sqrt(d) S).
at::Tensor antidiagonalScores(const MethodCall& call, int64_t stride) {
  const at::Tensor q = call.q.to(at::kDouble), k = call.k.to(at::kDouble);
  const int64_t n = call.queries(), groups = (n + stride - 1) / stride;
  const int64_t blocks = blocksOf(n, call.block), perBlock = call.block / stride;
  at::Tensor scores = at::zeros({call.heads(), blocks, blocks}, at::kDouble);
  const at::Tensor all = at::matmul(q, k.transpose(1, 2));
  const auto dot = all.accessor<double, 3>();
  auto out = scores.accessor<double, 3>();
  for (int64_t h = 0; h < call.heads(); ++h) {
    for (int64_t i = 0; i < groups; ++i) {
      std::vector<double> weight(static_cast<size_t>(groups));
      for (int64_t j = 0; j < groups; ++j) {
        double sum = 0;
        for (int64_t a = 0; a < stride; ++a) {
          const int64_t row = i * stride + stride - 1 - a, key = j * stride + a;
          if (row < n && key < n) sum += dot[h][row][key];
        }
        weight[size_t(j)] = std::exp(sum / (std::sqrt(double(call.q.size(2))) * double(stride)));
      }
      const double total = std::accumulate(weight.begin(), weight.end(), 0.0);
      for (int64_t j = 0; j < groups; ++j) out[h][i / perBlock][j / perBlock] += weight[size_t(j)] / total;
    }
  }
  return scores;
}

at::Tensor fewestThatReach(const at::Tensor& scores, int64_t head, double tau, bool sink) {
  at::Tensor kept = at::zeros({scores.size(1), scores.size(2)}, at::kBool);
  for (int64_t g = 0; g < scores.size(1); ++g) {
    const at::Tensor row = scores[head][g];
    const at::Tensor order = at::argsort(row, -1, true);
    double sum = 0;
    for (int64_t i = 0; i < order.numel() && sum < tau * row.sum().item<double>(); ++i) {
      const int64_t t = order[i].item<int64_t>();
      kept[g][t] = true;
      sum += row[t].item<double>();
    }
    if (sink) kept[g][0] = true;
  }
  return kept;
}

TEST(MethodsXAttention, KeepsTheFewestBlocksThatReachTau) {
  const MethodCall call = randomCall(kRagged);
  for (const int64_t stride : {1, 4, 8, 32}) {
    const at::Tensor scores = antidiagonalScores(call, stride);
    for (const bool sink : {true, false}) {
      const auto method = makeMethod("xattention:dense_steps=0,tau=0.6,stride=" + std::to_string(stride) +
                                     ",sink=" + (sink ? "on" : "off"));
      const Plan plan = method->plan(call);
      for (int64_t h = 0; h < 3; ++h)
        EXPECT_TRUE(keptBlocks(plan, call)[h].equal(fewestThatReach(scores, h, 0.6, sink)))
            << "stride " << stride << " head " << h;
      ASSERT_EQ(plan.decisions.size(), 3u);
      EXPECT_EQ(plan.decisions[0].choice, "antidiagonal");
      EXPECT_FLOAT_EQ(plan.decisions[0].threshold, 0.6f);
    }
  }
}

TEST(MethodsXAttention, OutputIsAttentionUnderItsMaskAndTauOneIsDense) {
  const MethodCall call = randomCall(kRagged);
  const Plan plan = makeMethod("xattention:dense_steps=0,tau=0.5")->plan(call);
  EXPECT_LT(largest(runKernel(plan, call) - maskedAttention(call, tokenMask(plan, call))), 1e-4);
  const Plan all = makeMethod("xattention:dense_steps=0,tau=1")->plan(call);
  EXPECT_TRUE(tokenMask(all, call).all().item<bool>());
}

TEST(MethodsXAttention, TextIsWhole) {
  CallShape shape = kRagged;
  shape.text = {0, 40};
  const MethodCall call = randomCall(shape);
  const at::Tensor kept =
      keptBlocks(makeMethod("xattention:dense_steps=0,tau=0.1,sink=off")->plan(call), call);
  EXPECT_TRUE(kept.slice(1, 0, 2).all().item<bool>());
  EXPECT_TRUE(kept.slice(2, 0, 2).all().item<bool>());
  EXPECT_FALSE(kept.all().item<bool>());
}

TEST(MethodsXAttention, TheFirstTenthOfTheStepsIsDense) {
  const auto method = makeMethod("xattention", samplingPlan(20));
  const MethodCall call = randomCall(kRagged);
  EXPECT_EQ(method->plan(callAt(call, 1)).kind, "dense");
  EXPECT_EQ(method->plan(callAt(call, 2)).kind, "sparse");
}

class XAttentionFile : public testing::Test {
 protected:
  std::string refusal(const std::string& content) {
    std::ofstream(m_file) << content;
    try {
      (void)makeMethod("xattention:thresholds=" + m_file.string(), samplingPlan(4, 2, 3));
    } catch (const db::Error& error) {
      EXPECT_EQ(error.exitCode(), 3);
      EXPECT_THAT(error.what(), HasSubstr(m_file.string()));
      return error.what();
    }
    return "";
  }

  TemporaryFolder m_folder;
  std::filesystem::path m_file = m_folder.path() / "tau.json";
};

TEST_F(XAttentionFile, GivesEveryHeadItsTau) {
  std::ofstream(m_file) << "[[0.9, 0.9, 0.9], [0.2, 0.5, 1.0]]";
  const auto method =
      makeMethod("xattention:dense_steps=0,thresholds=" + m_file.string(), samplingPlan(4, 2, 3));
  const MethodCall call = callAt(randomCall(kRagged), 0, 1);
  const Plan plan = method->plan(call);
  const at::Tensor scores = antidiagonalScores(call, 8);
  EXPECT_TRUE(keptBlocks(plan, call)[0].equal(fewestThatReach(scores, 0, 0.2, true)));
  EXPECT_TRUE(keptBlocks(plan, call)[1].equal(fewestThatReach(scores, 1, 0.5, true)));
  EXPECT_TRUE(keptBlocks(plan, call)[2].all().item<bool>());
  EXPECT_FLOAT_EQ(plan.decisions[1].threshold, 0.5f);
}

TEST_F(XAttentionFile, IsRefusedWhenItIsOfAnotherModel) {
  EXPECT_THAT(refusal("{}"), HasSubstr("not a JSON array"));
  EXPECT_THAT(refusal("[1, 2]"), HasSubstr("list of lists"));
  EXPECT_THAT(refusal("[[0.5, 0.5, 0.5]]"), HasSubstr("it has 1 layers, the model 2"));
  EXPECT_THAT(refusal("[[0.5, 0.5, 0.5], [0.5]]"), HasSubstr("layer 1 has 1 heads, the model 3"));
  EXPECT_THAT(refusal("[[0.5, 0.5, 0.5], [0.5, 0.5, 1.5]]"), HasSubstr("layer 1 has tau 1.5"));
  std::filesystem::remove(m_file);
  EXPECT_THROW((void)makeMethod("xattention:thresholds=" + m_file.string()), db::Error);
}

}  // namespace
}  // namespace ditscope::collector::test
