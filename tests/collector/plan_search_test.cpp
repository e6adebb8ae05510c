// SPDX-License-Identifier: Apache-2.0
// The plan search against one that keeps no caches and repeats the whole generation for every trial.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

#include "collector/instrumented_attention.h"
#include "collector/methods/ditfastattn.h"
#include "collector/plan_search.h"
#include "run_models.h"
#include "temporary_folder.h"

namespace ditscope::collector {
namespace {

using Attention = Treatment::Attention;

constexpr int kSteps = 4;
constexpr int kBlock = 32;

// Keeps the outputs of each step's forwards.
class Listening final : public Denoiser {
 public:
  explicit Listening(Denoiser& denoiser) : m_denoiser(denoiser) {}
  [[nodiscard]] const DenoiserShape& shape() const override { return m_denoiser.shape(); }
  [[nodiscard]] db::TokenGrid tokenGrid(const at::Tensor& latents) const override {
    return m_denoiser.tokenGrid(latents);
  }
  at::Tensor forward(const DenoiserInput& input, const StepContext& step, AttentionBackend& attention,
                     const BlockTap& tap) override {
    const at::Tensor out = m_denoiser.forward(input, step, attention, tap);
    outputs[step.step].push_back(out.narrow(1, 0, input.latents.size(1)));
    return out;
  }
  std::map<int, std::vector<at::Tensor>> outputs;

 private:
  Denoiser& m_denoiser;
};

struct Case {
  std::unique_ptr<Denoiser> denoiser;
  SamplerConfig sampler;
  std::vector<SamplingRequest> requests;

  [[nodiscard]] std::vector<CalibrationSample> samples() const {
    std::vector<CalibrationSample> all;
    for (const SamplingRequest& request : requests) all.push_back({request, makeSampler(sampler, kSteps)});
    return all;
  }
  [[nodiscard]] int layers() const { return denoiser->shape().layers; }
};

Case tinyDit(const std::filesystem::path& folder, double guidance, int samples = 1) {
  writeTinyDit(folder);
  Case test{loadDenoiser(folder), DdimConfig{}, {}};
  for (int i = 0; i < samples; ++i) {
    SamplingRequest request;
    request.noise = seededNoise({1, 4, 16, 16}, uint64_t(i));
    request.label = i;
    request.guidance = guidance;
    test.requests.push_back(request);
  }
  return test;
}

Case tinyWan(const std::filesystem::path& folder) {
  writeTinyWan(folder);
  SamplingRequest request;
  request.noise = seededNoise({1, 1, 5, 12, 20}, 1);
  request.text = at::ones({1, 3, 6});
  request.uncondText = -at::ones({1, 3, 6});
  request.guidance = 2;
  return {loadDenoiser(folder), UniPcConfig{}, {request}};
}

struct WholeRun {
  std::vector<at::Tensor> outputs;  // of the forwards of one step
  at::Tensor latents;
};

WholeRun runWith(const Case& test, const SamplingRequest& request, const CompressionPlan& plan, int step) {
  Listening denoiser(*test.denoiser);
  const RunClock clock;
  InstrumentedAttention attention(std::make_unique<DitFastAttn>(plan), kBlock, clock, nullptr);
  const at::Tensor latents = sample(denoiser, *makeSampler(test.sampler, kSteps), attention, request, clock);
  return {denoiser.outputs[step], latents};
}

double plainInfluence(const std::vector<at::Tensor>& full, const std::vector<at::Tensor>& tried) {
  double sum = 0;
  int64_t count = 0;
  for (size_t i = 0; i < full.size(); ++i) {
    const at::Tensor a = full[i].contiguous(), b = tried[i].contiguous();
    for (int64_t n = 0; n < a.numel(); ++n) {
      const double x = a.data_ptr<float>()[n], y = b.data_ptr<float>()[n];
      sum += std::min(std::abs((x - y) / (std::max(x, y) + 1e-6)), 10.0);
      ++count;
    }
  }
  return sum / double(count);
}

CompressionPlan plainSearch(const Case& test, double threshold, double window) {
  CompressionPlan plan(kSteps, test.layers());
  plan.window = window;
  const Treatment order[] = {{Attention::Share, false},
                             {Attention::Window, true},
                             {Attention::Window, false},
                             {Attention::Full, true}};
  const auto loss = [&](const CompressionPlan& full, const CompressionPlan& tried, int step) {
    double sum = 0;
    for (const SamplingRequest& request : test.requests) {
      sum += plainInfluence(runWith(test, request, full, step).outputs,
                            runWith(test, request, tried, step).outputs);
    }
    return sum / double(test.requests.size());
  };
  for (int step = 1; step < kSteps; ++step) {
    const CompressionPlan full = plan;
    for (int layer = 0; layer < test.layers(); ++layer) {
      for (const Treatment& treatment : order) {
        if (treatment.sharesBranches && test.requests.front().guidance <= 1) continue;
        CompressionPlan tried = plan;
        tried.at(step, layer) = treatment;
        if (loss(full, tried, step) >= threshold * (layer + 1) / test.layers()) continue;
        plan = tried;
        break;
      }
    }
  }
  return plan;
}

std::string textOf(const CompressionPlan& plan) {
  std::string text;
  for (int step = 0; step < plan.steps(); ++step) {
    for (int layer = 0; layer < plan.layers(); ++layer) text += nameOf(plan.at(step, layer)) + ' ';
    text += '\n';
  }
  return text;
}

PlanSearchResult search(const Case& test, double threshold, double window = 0.125) {
  return searchPlan(*test.denoiser, test.samples(), {threshold, window, kBlock});
}

std::set<std::string> kindsIn(const CompressionPlan& plan) {
  std::set<std::string> kinds;
  for (int step = 0; step < plan.steps(); ++step) {
    for (int layer = 0; layer < plan.layers(); ++layer) kinds.insert(nameOf(plan.at(step, layer)));
  }
  return kinds;
}

void expectPlainSearch(const Case& test, const std::vector<double>& thresholds, size_t leastKinds) {
  std::set<std::string> kinds;
  for (const double threshold : thresholds) {
    const CompressionPlan found = search(test, threshold).plan;
    EXPECT_EQ(textOf(found), textOf(plainSearch(test, threshold, 0.125))) << threshold;
    kinds.merge(kindsIn(found));
  }
  EXPECT_GE(kinds.size(), leastKinds);  // the thresholds lie where choices are made
}

TEST(PlanSearch, IsTheSearchThatRepeatsEverything) {
  const TemporaryFolder folder;
  expectPlainSearch(tinyDit(folder.path() / "dit", 2), {0.05, 0.2, 0.5, 1}, 3);
  expectPlainSearch(tinyDit(folder.path() / "two", 2, 2), {0.3}, 1);
  expectPlainSearch(tinyWan(folder.path() / "wan"), {0.1, 0.4}, 2);
}

TEST(PlanSearch, WithoutGuidanceNoBranchIsShared) {
  const TemporaryFolder folder;
  const Case test = tinyDit(folder.path() / "dit", 1);
  expectPlainSearch(test, {0.05, 0.3}, 2);
  for (const std::string& kind : kindsIn(search(test, 10).plan))
    EXPECT_EQ(kind.find("cfg"), std::string::npos);
}

TEST(PlanSearch, ItsRunIsTheRunOfItsPlan) {
  const TemporaryFolder folder;
  const Case test = tinyDit(folder.path() / "dit", 2);
  const PlanSearchResult found = search(test, 0.3);
  EXPECT_EQ(found.searchedSteps, kSteps);
  const at::Tensor latents = runWith(test, test.requests[0], found.plan, 0).latents;
  EXPECT_EQ((found.latents.at(0) - latents).abs().max().item<double>(), 0);
}

// A rank of what a treatment costs, the order in which the search tries them.
int costOf(const CompressionPlan& plan) {
  const std::map<std::string, int> ranks = {{"output_share", 0},
                                            {"residual_window_attn+cfg_attn_share", 1},
                                            {"residual_window_attn", 2},
                                            {"full_attn+cfg_attn_share", 3},
                                            {"full_attn", 4}};
  int cost = 0;
  for (int step = 0; step < plan.steps(); ++step) {
    for (int layer = 0; layer < plan.layers(); ++layer) cost += ranks.at(nameOf(plan.at(step, layer)));
  }
  return cost;
}

TEST(PlanSearch, AllowsMoreWithALargerThreshold) {
  const TemporaryFolder folder;
  const Case test = tinyDit(folder.path() / "dit", 2);
  EXPECT_EQ(textOf(search(test, 0).plan), textOf(CompressionPlan(kSteps, test.layers())));
  int before = costOf(CompressionPlan(kSteps, test.layers()));
  for (const double threshold : {0.05, 0.2, 0.8, 3.0, 30.0}) {
    const int cost = costOf(search(test, threshold).plan);
    EXPECT_LE(cost, before) << threshold;
    before = cost;
  }
  EXPECT_EQ(before, 4 * test.layers());  // all but the first step share
}

TEST(PlanSearch, StoppedItKeepsTheStepsItFinished) {
  const TemporaryFolder folder;
  const Case test = tinyDit(folder.path() / "dit", 2);
  const CompressionPlan whole = search(test, 10).plan;
  bool stop = false;
  const PlanSearchResult part = searchPlan(
      *test.denoiser, test.samples(), {10, 0.125, kBlock},
      [&stop](int step, int layer) { stop = step == 2 && layer == 0; }, [&stop] { return stop; });
  EXPECT_EQ(part.searchedSteps, 2);
  EXPECT_FALSE(part.latents.at(0).defined());
  for (int layer = 0; layer < test.layers(); ++layer) {
    EXPECT_EQ(part.plan.at(1, layer), whole.at(1, layer));
    EXPECT_EQ(nameOf(part.plan.at(2, layer)), "full_attn");
    EXPECT_EQ(nameOf(part.plan.at(3, layer)), "full_attn");
  }
}

TEST(PlanSearch, InfluenceKeepsTheSignOfTheMaximum) {
  const at::Tensor a = at::tensor({1.0, -1.0, 0.0, 2.0}), b = at::tensor({0.5, -2.0, 0.0, -1.0});
  // 0.5 / 1, 1 / -1, 0, 3 / 2; the small constant changes the sixth digit.
  EXPECT_NEAR(influence(a, b), (0.5 + 1 + 0 + 1.5) / 4, 1e-6);
  EXPECT_NEAR(influence(at::tensor({-1e-6 + 1e-9}), at::tensor({-1.0})), 10, 1e-9);
}

}  // namespace
}  // namespace ditscope::collector
