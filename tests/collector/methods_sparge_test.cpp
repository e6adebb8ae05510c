// SPDX-License-Identifier: Apache-2.0
// sparge against SpargeAttn's formulas in fp64: self-similarity over all pairs, pooled softmax without the
// mixed key blocks, cumulative share, and the threshold in the loop.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "block_masses.h"
#include "collector/methods/sparge_map.h"
#include "db/error.h"
#include "db/torch_file.h"
#include "method_support.h"
#include "temporary_folder.h"

namespace ditscope::collector::test {
namespace {

using testing::HasSubstr;

const CallShape kRagged = {.heads = 3, .grid = {3, 9, 9}, .dim = 24};  // 243 tokens: 7 blocks and 19 rows

// Noise around a direction for each block, stronger in some, and a mean that all keys share: so that some
// blocks resemble themselves and some do not.
MethodCall mixedCall(const CallShape& shape) {
  MethodCall call = randomCall(shape);
  const auto align = [&call](at::Tensor& x, uint64_t seed) {
    const int64_t blocks = blocksOf(x.size(1), call.block);
    const at::Tensor directions = randomTensor(seed, {x.size(0), blocks, x.size(2)});
    for (int64_t b = 0; b < blocks; ++b) {
      x.slice(1, b * call.block, (b + 1) * call.block)
          .add_(directions.slice(1, b, b + 1) * (b % 3 == 1 ? 0.0 : 1.5 + 0.2 * double(b)));
    }
  };
  align(call.q, 11);
  align(call.k, 12);
  call.k.add_(1.0);
  return call;
}

struct Expected {
  at::Tensor kept;  // [g, t] bool
  int64_t mixedQ = 0, mixedK = 0;
};

bool similar(const at::Tensor& rows, double threshold) {  // [n, d]
  const at::Tensor directions = rows / rows.norm(2, {1}, true);
  return at::matmul(directions, directions.transpose(0, 1)).mean().item<double>() > threshold;
}

// One head's map, from the paper's steps.
Expected spargeMap(const MethodCall& call, int64_t head, const SpargeHead& p, SpargeMode mode, bool smooth) {
  const int64_t b = call.block;
  const at::Tensor q = call.q[head].to(at::kDouble);
  at::Tensor k = call.k[head].to(at::kDouble);
  if (smooth) k = k - k.mean(0, true);
  const int64_t g = blocksOf(q.size(0), call.block), t = blocksOf(k.size(0), call.block);
  Expected expected{at::zeros({g, t}, at::kBool)};
  std::vector<bool> similarK;
  for (int64_t j = 0; j < t; ++j) similarK.push_back(similar(k.slice(0, j * b, (j + 1) * b), p.simthreshd1));
  expected.mixedK = std::count(similarK.begin(), similarK.end(), false);
  for (int64_t i = 0; i < g; ++i) {
    const at::Tensor rows = q.slice(0, i * b, (i + 1) * b);
    at::Tensor scores = at::full({t}, -INFINITY, at::kDouble);
    for (int64_t j = 0; j < t; ++j)
      if (similarK[size_t(j)])
        scores[j] = rows.mean(0).dot(k.slice(0, j * b, (j + 1) * b).mean(0)) / std::sqrt(double(q.size(1)));
    const at::Tensor share = scores.softmax(0);
    const at::Tensor order = at::argsort(share, 0, true);
    double sum = 0;
    for (int64_t n = 0; n < t; ++n) {
      const int64_t j = order[n].item<int64_t>();
      sum += share[j].item<double>();
      if (n == 0 || (mode == SpargeMode::Cdf ? sum <= p.cdfthreshd : n < int64_t(p.topk * double(t))))
        expected.kept[i][j] = true;
    }
    const bool mixed = !similar(rows, p.simthreshd1);
    expected.mixedQ += mixed;
    for (int64_t j = 0; j < t; ++j)
      if (mixed || !similarK[size_t(j)] || j == 0 || expected.mixedK == t) expected.kept[i][j] = true;
  }
  return expected;
}

TEST(MethodsSparge, FirstStageFollowsThePaper) {
  const MethodCall call = mixedCall(kRagged);
  for (const bool smooth : {true, false}) {
    for (const SpargeMode mode : {SpargeMode::Cdf, SpargeMode::TopK}) {
      SpargeHead head{.simthreshd1 = 0.5, .cdfthreshd = 0.7, .topk = 0.3};
      const bool cdf = mode == SpargeMode::Cdf;
      const Plan plan = makeMethod(std::string("sparge:simthreshd1=0.5,cdfthreshd=0.7,topk=0.3,mode=") +
                                   (cdf ? "cdf" : "topk") + ",smooth_k=" + (smooth ? "on" : "off"))
                            ->plan(call);
      EXPECT_EQ(plan.kind, "sparse");
      for (int64_t h = 0; h < 3; ++h) {
        const Expected expected = spargeMap(call, h, head, mode, smooth);
        EXPECT_GT(expected.mixedQ, 0);
        EXPECT_LT(expected.mixedQ, 8);
        EXPECT_TRUE(!smooth || expected.mixedK > 0);
        EXPECT_TRUE(keptBlocks(plan, call)[h].equal(expected.kept)) << "head " << h << " smooth " << smooth;
        EXPECT_EQ(plan.decisions[size_t(h)].choice, cdf ? "cdf" : "topk");
      }
      EXPECT_FALSE(tokenMask(plan, call).all().item<bool>());
    }
  }
}

TEST(MethodsSparge, ARowWithoutASimilarKeyBlockIsKeptWhole) {
  const MethodCall call = mixedCall(kRagged);
  EXPECT_TRUE(
      tokenMask(makeMethod("sparge:simthreshd1=1,cdfthreshd=0.1")->plan(call), call).all().item<bool>());
}

TEST(MethodsSparge, ABlockWithANaNIsKept) {
  MethodCall call = mixedCall(kRagged);
  call.k[1][70][3] = NAN;  // key block 2
  const at::Tensor kept =
      keptBlocks(makeMethod("sparge:simthreshd1=-1,cdfthreshd=0.1,smooth_k=off")->plan(call), call);
  EXPECT_TRUE(kept[1].select(1, 2).all().item<bool>());
  EXPECT_FALSE(kept[0].select(1, 2).all().item<bool>());
  EXPECT_FALSE(kept[1].all().item<bool>());
}

TEST(MethodsSparge, EverythingKeptIsDense) {
  const MethodCall call = mixedCall(kRagged);
  const Plan plan = makeMethod("sparge:cdfthreshd=1,pvthreshd=1000")->plan(call);
  const at::Tensor all = at::ones({3, 243, 243}, at::kBool);
  EXPECT_TRUE(tokenMask(plan, call).equal(all));
  EXPECT_LT(largest(runKernel(plan, call) - maskedAttention(call, all)), 1e-4);
}

TEST(MethodsSparge, TextIsWhole) {
  CallShape shape = kRagged;
  shape.text = {243, 270};
  const MethodCall call = mixedCall(shape);
  const at::Tensor kept = keptBlocks(makeMethod("sparge:simthreshd1=-1,cdfthreshd=0.1")->plan(call), call);
  EXPECT_TRUE(kept.slice(1, 7).all().item<bool>());
  EXPECT_TRUE(kept.slice(2, 7).all().item<bool>());
  EXPECT_FALSE(kept.all().item<bool>());
}

// Attention over the kept blocks with the loop's rule, in fp64; counts the blocks that are computed whole.
at::Tensor loopAttention(const MethodCall& call, int64_t head, const at::Tensor& kept, double pv,
                         int64_t& computed) {
  const int64_t b = call.block;
  const at::Tensor q = call.q[head].to(at::kDouble), k = call.k[head].to(at::kDouble);
  const at::Tensor v = call.v[head].to(at::kDouble);
  std::vector<at::Tensor> outs;
  for (int64_t i = 0; i < kept.size(0); ++i) {
    const at::Tensor rows = q.slice(0, i * b, (i + 1) * b);
    at::Tensor m = at::full({rows.size(0)}, -INFINITY, at::kDouble);
    at::Tensor sum = at::zeros({rows.size(0)}, at::kDouble), out = at::zeros_like(rows);
    for (int64_t j = 0; j < kept.size(1); ++j) {
      if (!kept[i][j].item<bool>()) continue;
      const at::Tensor s =
          at::matmul(rows, k.slice(0, j * b, (j + 1) * b).transpose(0, 1)) / std::sqrt(double(q.size(1)));
      const at::Tensor highest = s.amax({1});
      if (!((highest - m) / std::log(2.0) + pv > 0).any().item<bool>()) continue;
      ++computed;
      const at::Tensor next = at::maximum(m, highest);
      const at::Tensor p = (s - next.unsqueeze(1)).exp(), scale = (m - next).exp();
      sum = sum * scale + p.sum(1);
      out = out * scale.unsqueeze(1) + at::matmul(p, v.slice(0, j * b, (j + 1) * b));
      m = next;
    }
    outs.push_back(out / sum.unsqueeze(1));
  }
  return at::cat(outs);
}

TEST(MethodsSparge, ATrialTellsWhatBothStagesSaveAndLose) {
  MethodCall call = mixedCall(kRagged);
  call.q.add_(1.0);  // all queries lean to the first keys: what comes later lies below them
  call.k.slice(1, 0, 32).add_(1.0);
  const std::vector<SpargeHead> heads = {{.simthreshd1 = 0.3, .cdfthreshd = 0.999, .pvthreshd = 1},
                                         {.simthreshd1 = -1, .cdfthreshd = 0.9999, .pvthreshd = 3},
                                         {.sparse = false, .pvthreshd = 0}};
  const at::Tensor dense = maskedAttention(call, at::ones({243, 243}, at::kBool));
  const std::vector<SpargeTrial> trials =
      trySparge(call, SpargeMap(call, true), heads, SpargeMode::Cdf, dense.to(at::kFloat));
  ASSERT_EQ(trials.size(), 3u);
  for (int64_t h = 0; h < 2; ++h) {
    const at::Tensor kept = spargeMap(call, h, heads[size_t(h)], SpargeMode::Cdf, true).kept;
    int64_t computed = 0;
    const at::Tensor out = loopAttention(call, h, kept, heads[size_t(h)].pvthreshd, computed);
    EXPECT_NEAR(trials[size_t(h)].relativeL1,
                (out - dense[h]).abs().sum().item<double>() / dense[h].abs().sum().item<double>(), 1e-4);
    EXPECT_DOUBLE_EQ(trials[size_t(h)].densityQk, kept.sum().item<double>() / 64);
    EXPECT_DOUBLE_EQ(trials[size_t(h)].densityPv, double(computed) / 64);
    EXPECT_LT(trials[size_t(h)].densityPv, trials[size_t(h)].densityQk);
  }
  EXPECT_LT(trials[2].relativeL1, 1e-5);
  EXPECT_EQ(trials[2].densityPv, 1);
}

class SpargeFile : public testing::Test {
 protected:
  // Two layers of three heads, as the tuner names them; head 2 of layer 1 is not sparse.
  static db::TorchTensorMap tuned() {
    db::TorchTensorMap tensors;
    for (int layer = 0; layer < 2; ++layer) {
      const auto name = [layer](const char* field) {
        return "transformer_blocks." + std::to_string(layer) + ".attn1.inner_attention." + field;
      };
      tensors[name("is_sparse")] = {db::TorchDType::Bool, {3}, {1, 1, double(layer == 0)}};
      tensors[name("cdfthreshd")] = {db::TorchDType::F32, {3}, {0.25, 0.5, 0.75}};
      tensors[name("simthreshd1")] = {db::TorchDType::F32, {3}, {-0.5, 0.25, 0.375}};
      tensors[name("simthreshd2")] = {db::TorchDType::F32, {3}, {0, 0, 0}};
      tensors[name("pvthreshd")] = {db::TorchDType::F32, {3}, {50, 5, 0.5}};
    }
    return tensors;
  }

  std::unique_ptr<Method> made(const db::TorchTensorMap& tensors) {
    std::filesystem::remove(m_file);
    db::writeTensorMap(m_file, tensors);
    return makeMethod("sparge:params=" + m_file.string(), samplingPlan(4, 2, 3));
  }

  std::string refusal(const db::TorchTensorMap& tensors) {
    try {
      (void)made(tensors);
    } catch (const db::Error& error) {
      EXPECT_EQ(error.exitCode(), 3);
      EXPECT_THAT(error.what(), HasSubstr(m_file.string()));
      return error.what();
    }
    return "";
  }

  TemporaryFolder m_folder;
  std::filesystem::path m_file = m_folder.path() / "tuned.pt";
};

TEST_F(SpargeFile, GivesEveryHeadItsThresholds) {
  const auto method = made(tuned());
  const MethodCall call = callAt(mixedCall(kRagged), 0, 1);
  const Plan plan = method->plan(call);
  const std::vector<SpargeHead> heads = {{.simthreshd1 = -0.5, .cdfthreshd = 0.25},
                                         {.simthreshd1 = 0.25, .cdfthreshd = 0.5}};
  for (int64_t h = 0; h < 2; ++h)
    EXPECT_TRUE(
        keptBlocks(plan, call)[h].equal(spargeMap(call, h, heads[size_t(h)], SpargeMode::Cdf, true).kept));
  EXPECT_TRUE(keptBlocks(plan, call)[2].all().item<bool>());
  ASSERT_EQ(plan.launches.size(), 1u);
  EXPECT_NEAR(plan.launches[0].lnLambda[1].item<double>(), -5 * std::log(2.0), 1e-6);
  EXPECT_EQ(plan.launches[0].lnLambda[2].item<double>(), -INFINITY);
  EXPECT_EQ(plan.decisions[2].choice, "dense");
  EXPECT_EQ(plan.decisions[1].threshold, 0.5f);
}

TEST_F(SpargeFile, IsRefusedWhenItIsOfAnotherModel) {
  db::TorchTensorMap tensors = tuned();
  tensors.erase("transformer_blocks.1.attn1.inner_attention.pvthreshd");
  EXPECT_THAT(refusal(tensors), HasSubstr("layer 1 has no pvthreshd"));
  tensors = tuned();
  tensors["transformer_blocks.0.attn1.inner_attention.cdfthreshd"] = {db::TorchDType::F32, {2}, {1, 1}};
  EXPECT_THAT(refusal(tensors), HasSubstr("layer 0 has cdfthreshd of 2 heads; the model has 3"));
  tensors = tuned();
  tensors["transformer_blocks.0.attn1.inner_attention.cdfthreshd"].values[1] = NAN;
  EXPECT_THAT(refusal(tensors), HasSubstr("layer 0 head 1 has cdfthreshd nan"));
  tensors = tuned();
  tensors["transformer_blocks.2.attn1.inner_attention.cdfthreshd"] = {db::TorchDType::F32, {3}, {1, 1, 1}};
  EXPECT_THAT(refusal(tensors), HasSubstr("it has 3 layers, the last of number 2; the model has 2"));
  tensors = tuned();
  tensors["transformer_blocks.1.attn2.inner_attention.cdfthreshd"] = {db::TorchDType::F32, {3}, {1, 1, 1}};
  EXPECT_THAT(refusal(tensors), HasSubstr("layer 1 has two tensors for cdfthreshd"));
  EXPECT_THAT(refusal({{"something.else", {db::TorchDType::F32, {1}, {0}}}}),
              HasSubstr("no parameters of SpargeAttn"));
}

}  // namespace
}  // namespace ditscope::collector::test
