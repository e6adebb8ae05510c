// SPDX-License-Identifier: Apache-2.0
// DiTFastAttnV2: the choice under an error budget against trying everything, and what the heads then compute.
#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>
#include <random>

#include "collector/methods/error_budget.h"
#include "method_support.h"

namespace ditscope::collector::test {
namespace {

constexpr double kTolerance = 2e-4;  // scores are up to 300 large

struct Total {
  double gain = 0;
  double error = 0;
};

Total totalOf(const std::vector<int>& chosen, const std::vector<std::vector<double>>& errors,
              const std::vector<double>& gains) {
  Total total;
  for (size_t h = 0; h < chosen.size(); ++h) {
    if (chosen[h] < 0) continue;
    total.gain += gains[size_t(chosen[h])];
    total.error += errors[h][size_t(chosen[h])];
  }
  return total;
}

Total bestOfAll(const std::vector<std::vector<double>>& errors, const std::vector<double>& gains,
                double budget) {
  const int options = int(gains.size()) + 1;
  const int heads = int(errors.size());
  Total best;
  for (int code = 0; code < int(std::pow(options, heads)); ++code) {
    std::vector<int> chosen;
    for (int h = 0, rest = code; h < heads; ++h, rest /= options) chosen.push_back(rest % options - 1);
    const Total total = totalOf(chosen, errors, gains);
    if (!(total.error <= budget)) continue;  // nor a NaN
    if (total.gain > best.gain || (total.gain == best.gain && total.error < best.error)) best = total;
  }
  return best;
}

TEST(ErrorBudget, FindsTheBestOfAllChoices) {
  std::mt19937 random(3);
  std::uniform_real_distribution<double> share(0, 1);
  for (int trial = 0; trial < 200; ++trial) {
    std::vector<double> gains;
    for (int c = 0; c < 4; ++c) gains.push_back(double(random() % 257) / 256);
    std::vector<std::vector<double>> errors(4, std::vector<double>(4));
    for (auto& head : errors) {
      for (double& error : head) error = random() % 6 == 0 ? NAN : share(random);
    }
    const double budget = 2 * share(random);
    const std::vector<int> chosen = selectWithinBudget(errors, gains, budget);
    const Total found = totalOf(chosen, errors, gains);
    const Total best = bestOfAll(errors, gains, budget);
    EXPECT_EQ(found.gain, best.gain);
    EXPECT_NEAR(found.error, best.error, 1e-12);
    EXPECT_LE(found.error, budget + 1e-12);
  }
}

TEST(ErrorBudget, EdgesAreAnswered) {
  EXPECT_EQ(selectWithinBudget({}, {0.5}, 1), std::vector<int>{});
  EXPECT_EQ(selectWithinBudget({{}, {}}, {}, 1), (std::vector<int>{-1, -1}));
  EXPECT_EQ(selectWithinBudget({{0.0}, {0.1}}, {1.0}, 0), (std::vector<int>{0, -1}));
  EXPECT_EQ(selectWithinBudget({{NAN}, {0.1}}, {1.0}, 1), (std::vector<int>{-1, 0}));
}

class Generation {
 public:
  explicit Generation(const std::string& method) : m_method(makeMethod(method, samplingPlan(6, 1, 4))) {}

  // The plan for the call, and the output after the method has seen it.
  Plan attend(const MethodCall& call) {
    Plan plan = m_method->plan(call);
    MethodResult result{runKernel(plan, call), at::Tensor(), {}, {}};
    m_method->observe(call, result);
    out = result.out;
    return plan;
  }

  at::Tensor out;

 private:
  std::unique_ptr<Method> m_method;
};

// Four heads of 8 frames x 8 x 16 tokens and 20 tokens of text behind: one looks around itself, one at all,
// two in between.
MethodCall mixedCall(uint64_t seed = 1) {
  MethodCall call = randomCall({4, {8, 8, 16}, {1024, 1044}, 16}, seed);
  const at::Tensor place = at::arange(1044, at::kFloat).unsqueeze(1) * (M_PI / 1044);
  const at::Tensor wave = at::cat({place.sin(), place.cos()}, 1);
  const double strength[] = {300, 0, 100, 30};  // about 19, 33 and 61 tokens wide
  for (int64_t h = 0; h < 4; ++h) {
    call.q[h].mul_(0.3).narrow(1, 0, 2).add_(wave * strength[h]);
    call.k[h].narrow(1, 0, 2).copy_(wave * 4);
  }
  return call;
}

at::Tensor arrowMask(const MethodCall& call, int factor) {
  const int64_t n = call.queries(), vision = n - (call.text.end - call.text.begin);
  const int64_t half = factor == 0 ? n : vision / (2 * factor);
  at::Tensor mask = at::zeros({n, n}, at::kBool);
  auto attended = mask.accessor<bool, 2>();
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < n; ++j) attended[i][j] = i >= vision || j >= vision || std::abs(i - j) <= half;
  }
  return mask;
}

double squaredErrorOf(const at::Tensor& out, const at::Tensor& full) {  // one head, MSE / Var by loops
  const at::Tensor a = out.contiguous().to(at::kDouble), b = full.contiguous().to(at::kDouble);
  double mean = 0, error = 0, variance = 0;
  const int64_t count = b.numel();
  for (int64_t i = 0; i < count; ++i) mean += b.data_ptr<double>()[i] / double(count);
  for (int64_t i = 0; i < count; ++i) {
    error += std::pow(a.data_ptr<double>()[i] - b.data_ptr<double>()[i], 2);
    variance += std::pow(b.data_ptr<double>()[i] - mean, 2);
  }
  return error / variance;
}

int factorOf(const std::string& choice) {
  return choice == "arrow_attn_8" ? 8 : choice == "arrow_attn_16" ? 16 : choice == "arrow_attn_32" ? 32 : 0;
}

TEST(Arrow, HeadsGetWhatTheirErrorsAllow) {
  const MethodCall call = mixedCall();
  const at::Tensor dense = maskedAttention(call, arrowMask(call, 0));
  std::map<std::string, int> seen;
  for (const double alpha : {0.001, 0.05, 0.5, 8.0}) {
    Generation run(fmt::format("ditfastattn:strategy=arrow,alpha={}", alpha));
    EXPECT_EQ(run.attend(callAt(call, 0)).kind, "search");
    const Plan plan = run.attend(callAt(call, 1));
    ASSERT_EQ(plan.decisions.size(), 4u);
    double sum = 0;
    const at::Tensor mask = tokenMask(plan, call);
    for (int64_t h = 0; h < 4; ++h) {
      const db::HeadDecision& decision = plan.decisions[size_t(h)];
      ++seen[decision.choice];
      const at::Tensor expected = arrowMask(call, factorOf(decision.choice));
      EXPECT_TRUE(mask[h].eq(expected).all().item<bool>()) << decision.choice;
      EXPECT_NEAR(decision.budget, expected.to(at::kDouble).mean().item<double>(), 1e-6);
      EXPECT_EQ(decision.sourceStep, 0);
      const at::Tensor out = maskedAttention(call, expected)[h];
      EXPECT_LT(largest(run.out[h] - out), kTolerance);
      if (factorOf(decision.choice) == 0) continue;
      EXPECT_NEAR(decision.threshold, squaredErrorOf(out, dense[h]), 1e-5);
      EXPECT_LT(decision.threshold, 1.5 * alpha / 4);
      sum += decision.threshold;
    }
    EXPECT_LE(sum, alpha);
  }
  EXPECT_GE(seen.size(), 3u);  // the heads do differ
  EXPECT_GT(seen["full_attn"], 0);
}

TEST(Arrow, NoErrorAllowedIsDense) {
  Generation run("ditfastattn:strategy=arrow,alpha=0");
  for (int step = 0; step < 4; ++step) {
    const MethodCall call = callAt(mixedCall(1 + uint64_t(step)), step);
    run.attend(call);
    EXPECT_LT(largest(run.out - maskedAttention(call, arrowMask(call, 0))), kTolerance);
  }
}

TEST(Arrow, SharesOutputsThatStayTheSame) {
  const MethodCall call = mixedCall();
  Generation run("ditfastattn:strategy=arrow,alpha=0.4,dense_steps=2,refresh=4");
  run.attend(callAt(call, 0));
  EXPECT_EQ(run.attend(callAt(call, 1)).kind, "search");  // finds that nothing has changed since step 0
  const at::Tensor out = run.out;
  const Plan plan = run.attend(callAt(mixedCall(9), 2));
  EXPECT_EQ(plan.kind, "reuse");
  EXPECT_EQ(plan.decisions.at(3).choice, "output_share");
  EXPECT_EQ(plan.decisions.at(3).budget, 0);
  EXPECT_EQ(plan.decisions.at(3).sourceStep, 1);
  EXPECT_EQ(largest(run.out - out), 0);
  run.attend(callAt(mixedCall(10), 3));
  EXPECT_EQ(largest(run.out - out), 0);
  EXPECT_EQ(run.attend(callAt(call, 4)).kind, "search");
}

TEST(Arrow, SomeHeadsShareAndOthersAreComputed) {
  const MethodCall before = mixedCall();
  MethodCall call = mixedCall(2);
  for (int64_t h : {0, 2}) {  // these two have not changed
    call.q[h].copy_(before.q[h]);
    call.k[h].copy_(before.k[h]);
    call.v[h].copy_(before.v[h]);
  }
  Generation run("ditfastattn:strategy=arrow,alpha=0.00001,dense_steps=2");
  run.attend(callAt(before, 0));
  run.attend(callAt(call, 1));
  const at::Tensor old = run.out;
  const MethodCall next = callAt(mixedCall(3), 2);
  const Plan plan = run.attend(next);
  const at::Tensor dense = maskedAttention(next, arrowMask(next, 0));
  for (int64_t h = 0; h < 4; ++h) {
    const bool shared = h == 0 || h == 2;
    EXPECT_EQ(plan.decisions.at(size_t(h)).choice, shared ? "output_share" : "full_attn");
    EXPECT_LT(largest(run.out[h] - (shared ? old[h].to(at::kDouble) : dense[h])), kTolerance);
  }
}

TEST(Arrow, BranchesDecideForThemselves) {
  Generation run("ditfastattn:strategy=arrow,alpha=0.5");
  MethodCall flat = mixedCall();
  flat.q.zero_();  // every head looks at all tokens alike
  run.attend(callAt(mixedCall(), 0, 0, db::Branch::Cond));
  run.attend(callAt(flat, 0, 0, db::Branch::Uncond));
  const Plan cond = run.attend(callAt(mixedCall(), 1, 0, db::Branch::Cond));
  const Plan uncond = run.attend(callAt(flat, 1, 0, db::Branch::Uncond));
  EXPECT_NE(cond.decisions[0].choice, "full_attn");
  for (const db::HeadDecision& decision : uncond.decisions) EXPECT_EQ(decision.choice, "full_attn");
}

}  // namespace
}  // namespace ditscope::collector::test
