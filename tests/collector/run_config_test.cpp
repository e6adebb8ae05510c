// SPDX-License-Identifier: Apache-2.0
// A configuration gives each (layer, head, step, branch) a method of its own: every head computes what that
// method alone would.
#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "collector/instrumented_attention.h"
#include "collector/methods/configured.h"
#include "db/error.h"

namespace ditscope::collector {
namespace {

using testing::HasSubstr;

constexpr int kSteps = 6, kLayers = 2, kHeads = 4, kBlock = 32;

db::SparsityConfig emptyConfig() {
  db::SparsityConfig config;
  config.model.className = "Toy";
  config.model.layers = kLayers;
  config.model.heads = kHeads;
  config.model.tokens = 256;
  config.model.grid = {4, 8, 8};
  config.steps = kSteps;
  config.blockQ = config.blockK = kBlock;
  return config;
}

SamplingPlan toyPlan() {
  return {{1, 0.8, 0.6, 0.4, 0.2, 0.1}, kLayers, kHeads};
}

at::Tensor input(uint64_t seed) {
  return 2 *
         at::randn({2, kHeads, 256, 16}, at::detail::createCPUGenerator(seed), at::TensorOptions(at::kFloat));
}

// [step][layer]: outputs [2, H, N, D] of both branches; the inputs differ from step to step and layer to
// layer.
std::vector<std::vector<at::Tensor>> outputs(const MethodMaker& maker) {
  const RunClock clock;
  InstrumentedAttention attention(maker(toyPlan()), kBlock, clock, nullptr);
  std::vector<std::vector<at::Tensor>> all;
  for (int step = 0; step < kSteps; ++step) {
    std::vector<at::Tensor>& row = all.emplace_back();
    for (int layer = 0; layer < kLayers; ++layer) {
      const auto seed = uint64_t(100 * step + 10 * layer);
      AttentionContext context;
      context.step = step;
      context.layer = layer;
      context.branchOfRow = {db::Branch::Cond, db::Branch::Uncond};
      context.grid = {4, 8, 8};
      row.push_back(attention.attend(input(seed + 1), input(seed + 2), input(seed + 3), context));
    }
  }
  return all;
}

db::MethodChoice topk(double density) {
  return {.method = "topk",
          .parameters = {{"density", density}, {"source", std::string("previous")}, {"dense_steps", 2.0}}};
}

TEST(RunConfig, OneMethodForAllIsThatMethod) {
  db::SparsityConfig config = emptyConfig();
  config.defaults = topk(0.5);
  const auto alone = outputs(parseMethod("topk:density=0.5,dense_steps=2"));
  const auto configured = outputs(configuredMethod(config, "c.json"));
  for (int step = 0; step < kSteps; ++step) {
    for (int layer = 0; layer < kLayers; ++layer) {
      EXPECT_TRUE(at::equal(alone[size_t(step)][size_t(layer)], configured[size_t(step)][size_t(layer)]));
    }
  }
}

TEST(RunConfig, EachHeadComputesWhatItsMethodAloneWould) {
  db::SparsityConfig config = emptyConfig();
  config.defaults = {.method = "window", .parameters = {{"tokens", 16.0}}};
  config.overrides.push_back({{.steps = {}, .layers = {{0, 0}}, .heads = {{1, 1}, {3, 3}}}, topk(0.25)});
  config.overrides.push_back(
      {{.steps = db::IndexRange{4, 5}, .branch = db::Branch::Uncond}, {.method = "dense"}});
  const auto window = outputs(parseMethod("window:tokens=16"));
  const auto heaviest = outputs(parseMethod("topk:density=0.25,dense_steps=2"));
  const auto dense = outputs(parseMethod("dense"));
  const auto mixed = outputs(configuredMethod(config, "c.json"));
  for (int step = 0; step < kSteps; ++step) {
    for (int layer = 0; layer < kLayers; ++layer) {
      for (int branch = 0; branch < 2; ++branch) {
        for (int head = 0; head < kHeads; ++head) {
          const auto of = [&](const auto& run) { return run[size_t(step)][size_t(layer)][branch][head]; };
          const bool late = step >= 4 && branch == 1;
          const bool heavy = layer == 0 && head % 2 == 1;
          EXPECT_LT((of(mixed) - (late    ? of(dense)
                                  : heavy ? of(heaviest)
                                          : of(window)))
                        .abs()
                        .max()
                        .item<float>(),
                    1e-5)
              << step << ' ' << layer << ' ' << branch << ' ' << head;
        }
      }
    }
  }
}

TEST(RunConfig, HeadsThatDifferInTheirListsAloneShareALaunch) {
  db::SparsityConfig config = emptyConfig();
  config.defaults = {.method = "window", .parameters = {{"tokens", 16.0}}};
  const auto give = [&config](int32_t head, db::MethodChoice choice) {
    config.overrides.push_back({{.steps = {}, .layers = {}, .heads = {{head, head}}}, std::move(choice)});
  };
  give(1, {.method = "dense"});
  give(3, {.method = "topk", .parameters = {{"density", 0.5}, {"source", std::string("pooled")}}});
  MethodCall call;
  call.step = 2;
  call.q = input(1)[0];
  call.k = call.v = call.q;
  call.grid = {4, 8, 8};
  call.block = kBlock;
  const Plan plan = configuredMethod(config, "c.json")(toyPlan())->plan(call);
  ASSERT_EQ(plan.launches.size(), 1u);
  EXPECT_TRUE(plan.launches[0].heads.empty()) << "all heads";
  EXPECT_EQ(plan.launches[0].lists->headStride, 8);
  EXPECT_EQ(plan.decisions[3].method, "topk");

  give(2, {.method = "blasst"});  // skips in the loop: a launch of its own
  const Plan two = configuredMethod(config, "c.json")(toyPlan())->plan(call);
  ASSERT_EQ(two.launches.size(), 2u);
  EXPECT_EQ(two.launches[0].heads, (std::vector<int64_t>{0, 1, 3}));
  EXPECT_EQ(two.launches[1].heads, std::vector<int64_t>{2});
}

TEST(RunConfig, ASearchOfSomeHeadsLeavesTheOthersAlone) {
  db::SparsityConfig config = emptyConfig();
  config.defaults = {.method = "topp", .parameters = {{"share", 0.6}, {"search_every", 100.0}}};
  config.overrides.push_back({{.steps = {}, .layers = {}, .heads = {{0, 1}}}, config.defaults});
  config.overrides.back().choice.parameters["search_every"] = 2.0;
  const auto often = outputs(parseMethod("topp:share=0.6,search_every=2"));
  const auto once = outputs(parseMethod("topp:share=0.6,search_every=100"));
  const auto mixed = outputs(configuredMethod(config, "c.json"));
  for (size_t step = 0; step < kSteps; ++step) {
    for (size_t layer = 0; layer < kLayers; ++layer) {
      for (int head = 0; head < kHeads; ++head) {
        const at::Tensor alone = (head < 2 ? often : once)[step][layer].select(1, head);
        const at::Tensor difference = mixed[step][layer].select(1, head) - alone;
        EXPECT_LT(difference.abs().max().item<float>(), 1e-5) << step << ' ' << layer << ' ' << head;
      }
    }
  }
}

TEST(RunConfig, TheScheduleGoesFirst) {
  db::SparsityConfig config = emptyConfig();
  config.defaults = {.method = "topk", .parameters = {{"density", 0.25}, {"dense_steps", 0.0}}};
  config.schedule = {{{.steps = db::IndexRange{0, 1}}, db::StepKind::Dense},
                     {{.steps = db::IndexRange{3, 5}}, db::StepKind::Reuse}};
  const auto method = configuredMethod(config, "c.json")(toyPlan());
  std::string kinds;
  std::vector<db::HeadDecision> decisions;
  for (int step = 0; step < kSteps; ++step) {
    MethodCall call;
    call.step = step;
    call.q = input(uint64_t(step))[0];
    call.k = call.v = call.q;
    call.block = kBlock;
    const Plan plan = method->plan(call);
    kinds += plan.kind + ' ';
    decisions = plan.decisions;
    MethodResult result;
    result.out = call.q;
    result.lse = call.q.select(2, 0);
    if (plan.wantMass) result.mass = at::rand({kHeads, 8, 8});
    method->observe(call, result);
  }
  EXPECT_EQ(kinds, "dense search sparse reuse reuse reuse ");
  ASSERT_EQ(decisions.size(), kHeads);
  EXPECT_EQ(decisions[0].method, "topk");
  EXPECT_EQ(decisions[0].sourceStep, 1);
}

TEST(RunConfig, WhatDoesNotFitIsOneClearLine) {
  const auto refusal = [](const auto& act) -> std::string {
    try {
      act();
    } catch (const db::Error& error) {
      return error.what();
    }
    return "";
  };
  db::SparsityConfig config = emptyConfig();
  config.overrides.push_back({{}, {.method = "topk", .parameters = {{"size", 3.0}}}});
  EXPECT_THAT(refusal([&] { (void)configuredMethod(config, "c.json"); }),
              testing::AllOf(HasSubstr("c.json /overrides/0"), HasSubstr("unknown key 'size'")));
  db::Run run;
  run.model = "Toy";
  run.nLayers = kLayers;
  run.nHeads = kHeads;
  run.seqLen = 256;
  run.nSteps = kSteps;
  run.blockQ = kBlock;
  EXPECT_EQ(refusal([&] { checkFits(config, "c.json", run); }), "");
  run.nSteps = 20;
  EXPECT_THAT(refusal([&] { checkFits(config, "c.json", run); }),
              testing::AllOf(HasSubstr("it is for steps: 6, not 20"), HasSubstr("--steps 6")));
}

}  // namespace
}  // namespace ditscope::collector
