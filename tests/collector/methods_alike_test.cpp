// SPDX-License-Identifier: Apache-2.0
// What every method owes, whatever it computes: generations, branches and layers that do not mix, text that
// keeps its rows and columns, a short last block, and dense attention at its densest setting.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "collector/methods/registry.h"
#include "method_support.h"

namespace ditscope::collector::test {
namespace {

constexpr int kSteps = 6, kLayers = 2;
constexpr db::Branch kBranches[] = {db::Branch::Cond, db::Branch::Uncond};

// 126 tokens of video: three blocks of 32 and 30 tokens; with text a fifth block of 9.
const CallShape kVideo = {.heads = 3, .grid = {3, 6, 7}, .dim = 24};
const CallShape kTextFirst = {.heads = 3, .grid = {3, 6, 7}, .text = {0, 11}, .dim = 24};
const CallShape kTextLast = {.heads = 3, .grid = {3, 6, 7}, .text = {126, 137}, .dim = 24};

// Every method of the registry, and forms of them that keep other state.
std::vector<std::string> texts() {
  std::vector<std::string> all;
  for (const MethodInfo& method : methods()) all.push_back(method.name);
  for (const char* form :
       {"rettention:window=sequence", "rettention:correction=off", "ditfastattn:strategy=ast",
        "ditfastattn:strategy=arrow", "topk:source=exact", "topk:source=pooled", "topk:scope=head",
        "topp:source=pooled", "sparge:mode=topk", "sta:search=on", "adaspa:search_steps=0+3"})
    all.emplace_back(form);
  return all;
}

const MethodInfo& infoOf(const std::string& text) {
  return methodNamed(text.substr(0, text.find(':')));
}

// With one dense step, so that most steps are sparse ones; `more` are further keys.
std::string sparseForm(const std::string& text, const std::string& more = "") {
  std::string keys = text.find(':') == std::string::npos ? "" : text.substr(text.find(':') + 1);
  const auto add = [&keys](const std::string& key) { keys += (keys.empty() ? "" : ",") + key; };
  const auto has = [&](const char* key) {
    return std::ranges::count(infoOf(text).parameters, key, &ParameterSpec::key) > 0;
  };
  if (has("dense_steps")) add("dense_steps=1,dense_layers=0");
  if (!more.empty()) add(more);
  return infoOf(text).name + (keys.empty() ? "" : ":" + keys);
}

SamplingPlan plan() {
  return samplingPlan(kSteps, kLayers, 3);
}

// The inputs that a place of a generation has.
MethodCall inputs(const CallShape& shape, int step, int layer, db::Branch branch, uint64_t seed = 0) {
  const uint64_t place = uint64_t(step * 10 + layer * 2 + int(branch));
  return callAt(randomCall(shape, 1000 * seed + place), step, layer, branch);
}

class MethodsAlike : public testing::TestWithParam<std::string> {
 protected:
  // Outputs in the order of calls, of all layers and branches that are asked for.
  static std::vector<at::Tensor> generate(const std::string& text, const CallShape& shape, int layers,
                                          int branches, uint64_t seed = 0) {
    Generation run(makeMethod(text, plan()));
    std::vector<at::Tensor> outputs;
    for (int step = 0; step < kSteps; ++step)
      for (int branch = 0; branch < branches; ++branch)
        for (int layer = 0; layer < layers; ++layer)
          outputs.push_back(run.attend(inputs(shape, step, layer, kBranches[branch], seed)));
    return outputs;
  }
  static at::Tensor dense(const MethodCall& call) {
    return maskedAttention(call, at::ones({1, 1, 1}, at::kBool));
  }
};

TEST_P(MethodsAlike, GenerationsKnowNothingOfOneAnother) {
  const std::string text = sparseForm(GetParam());
  const std::vector<at::Tensor> first = generate(text, kVideo, kLayers, 2);
  generate(text, kVideo, kLayers, 2, 1);
  const std::vector<at::Tensor> again = generate(text, kVideo, kLayers, 2);
  for (size_t i = 0; i < first.size(); ++i) EXPECT_TRUE(first[i].equal(again[i])) << "call " << i;
}

TEST_P(MethodsAlike, BranchesAndLayersDoNotMix) {
  const std::string text = sparseForm(GetParam());
  const std::vector<at::Tensor> all = generate(text, kVideo, kLayers, 2);
  const std::vector<at::Tensor> alone = generate(text, kVideo, 1, 1);
  for (size_t step = 0; step < kSteps; ++step)
    EXPECT_TRUE(alone[step].equal(all[4 * step])) << "the conditional branch of layer 0, step " << step;
  Generation unconditional(makeMethod(text, plan()));
  for (int step = 0; step < kSteps; ++step) {
    const MethodCall call = inputs(kVideo, step, 1, db::Branch::Uncond);
    EXPECT_TRUE(unconditional.attend(call).equal(all[4 * size_t(step) + 3])) << "the other, step " << step;
  }
}

TEST_P(MethodsAlike, TextKeepsItsRowsAndColumnsAndTheMaskIsWhatRuns) {
  for (const CallShape& shape : {kVideo, kTextFirst, kTextLast}) {
    const auto method = makeMethod(sparseForm(GetParam()), plan());
    for (int step = 0; step < kSteps; ++step) {
      const MethodCall call = inputs(shape, step, 0, db::Branch::Cond);
      const Plan made = method->plan(call);
      MethodResult result = resultOf(made, call);
      const at::Tensor out = result.out;
      ASSERT_TRUE(out.isfinite().all().item<bool>()) << "step " << step;
      const bool byMask = std::ranges::all_of(made.launches, [](const Launch& launch) {
        return launch.skip.kind == kernels::SkipRule::Kind::None && !launch.output.defined();
      });
      if (byMask) {
        const at::Tensor mask = tokenMask(made, call);
        EXPECT_TRUE(mask.any(2).all().item<bool>()) << "a row without keys";
        EXPECT_TRUE(mask.slice(1, shape.text.begin, shape.text.end).all().item<bool>());
        EXPECT_TRUE(mask.slice(2, shape.text.begin, shape.text.end).all().item<bool>());
        EXPECT_LT(largest(out - maskedAttention(call, mask)), 1e-4) << "step " << step;
      }
      method->observe(call, result);
    }
  }
}

TEST_P(MethodsAlike, EveryHeadIsPlannedOnceAndItsDecisionIsSaid) {
  const auto method = makeMethod(sparseForm(GetParam()), plan());
  bool decided = false;
  for (int step = 0; step < kSteps; ++step) {
    const MethodCall call = inputs(kVideo, step, 0, db::Branch::Cond);
    const Plan made = method->plan(call);
    std::vector<int> times(3);
    for (const Launch& launch : made.launches) {
      if (launch.heads.empty())
        for (int& of : times) ++of;
      for (const int64_t head : launch.heads) ++times.at(size_t(head));
    }
    EXPECT_EQ(times, (std::vector<int>{1, 1, 1}));
    EXPECT_TRUE(made.decisions.size() <= 1 || made.decisions.size() == 3);
    if (made.kind == "sparse" || made.kind == "reuse") {
      ASSERT_FALSE(made.decisions.empty());
      for (const db::HeadDecision& decision : made.decisions) {
        EXPECT_FALSE(decision.choice.empty());
        decided |= !std::isnan(decision.budget) || !std::isnan(decision.threshold);
      }
    }
    MethodResult result = resultOf(made, call);
    method->observe(call, result);
  }
  EXPECT_TRUE(decided || GetParam() == "dense") << "neither a budget nor a threshold";
}

// Radial attention has no such setting: its far frames thin out at any decay.
TEST_P(MethodsAlike, TheDensestSettingIsDenseAttention) {
  const MethodInfo& info = infoOf(GetParam());
  if (!info.knob || info.name == "radial") GTEST_SKIP() << "it has no such setting";
  for (const char* form : {"correction=off", "strategy="})
    if (GetParam().find(form) != std::string::npos)
      GTEST_SKIP() << "this form drops or reuses of its own accord";
  const std::string knob = info.knob->key + "=" + std::to_string(info.knob->densest);
  for (const CallShape& shape : {kVideo, kTextLast}) {
    Generation run(makeMethod(sparseForm(GetParam(), knob), plan()));
    for (int step = 0; step < kSteps; ++step) {
      const MethodCall call = inputs(shape, step, 0, db::Branch::Cond);
      EXPECT_LT(largest(run.attend(call) - dense(call)), 1e-4) << knob << " step " << step;
    }
  }
}

std::string testName(const testing::TestParamInfo<std::string>& instance) {
  std::string name = instance.param;
  std::ranges::replace_if(
      name, [](char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Methods, MethodsAlike, testing::ValuesIn(texts()), testName);

}  // namespace
}  // namespace ditscope::collector::test
