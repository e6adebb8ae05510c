// SPDX-License-Identifier: Apache-2.0
// DiTFastAttn against the pseudocode of its paper in fp64, and the files of its plans.
#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <random>

#include "collector/methods/compression_plan.h"
#include "collector/methods/ditfastattn.h"
#include "db/error.h"
#include "method_support.h"
#include "temporary_folder.h"

namespace ditscope::collector::test {
namespace {

using Attention = Treatment::Attention;
using testing::HasSubstr;

constexpr double kTolerance = 2e-5;
constexpr db::Branch kBranches[] = {db::Branch::Cond, db::Branch::Uncond};
const Treatment kTreatments[] = {{Attention::Full, false},
                                 {Attention::Full, true},
                                 {Attention::Window, false},
                                 {Attention::Window, true},
                                 {Attention::Share, false}};

at::Tensor windowMask(const MethodCall& call, int64_t radius) {
  const int64_t n = call.queries(), text = call.text.end - call.text.begin;
  at::Tensor mask = at::zeros({n, n}, at::kBool);
  auto attended = mask.accessor<bool, 2>();
  const auto isText = [&](int64_t i) { return i >= call.text.begin && i < call.text.end; };
  const auto place = [&](int64_t i) { return i < call.text.begin ? i : i - text; };
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      attended[i][j] = isText(i) || isText(j) || std::abs(place(i) - place(j)) <= radius;
    }
  }
  return mask;
}

at::Tensor fullOutput(const MethodCall& call) {
  return maskedAttention(call, at::ones({call.queries(), call.keys()}, at::kBool));
}

// The pseudocode, with every cache always filled.
class Pseudocode {
 public:
  at::Tensor attend(const MethodCall& call, const Treatment& treatment, int64_t radius) {
    const auto other = std::pair(call.layer, db::Branch::Cond);
    const auto self = std::pair(call.layer, call.branch);
    if (treatment.sharesBranches && call.branch == db::Branch::Uncond) {
      if (treatment.attention == Attention::Full) m_residual[self] = m_residual[other];
      return m_output[self] = m_output[other];
    }
    switch (treatment.attention) {
      case Attention::Share:
        return m_output[self];
      case Attention::Window:
        return m_output[self] = maskedAttention(call, windowMask(call, radius)) + m_residual[self];
      case Attention::Full:
        break;
    }
    m_output[self] = fullOutput(call);
    m_residual[self] = m_output[self] - maskedAttention(call, windowMask(call, radius));
    return m_output[self];
  }

 private:
  std::map<std::pair<int, db::Branch>, at::Tensor> m_output, m_residual;
};

CompressionPlan randomPlan(int steps, int layers, unsigned seed) {
  std::mt19937 random(seed);
  CompressionPlan plan(steps, layers);
  for (int step = 1; step < steps; ++step) {
    for (int layer = 0; layer < layers; ++layer) plan.at(step, layer) = kTreatments[random() % 5];
  }
  return plan;
}

void expectPseudocode(const CompressionPlan& plan, const CallShape& shape, int64_t radius,
                      DitFastAttn::Keep keep) {
  Generation run(std::make_unique<DitFastAttn>(plan, keep));
  Pseudocode reference;
  for (int step = 0; step < plan.steps(); ++step) {
    for (const db::Branch branch : kBranches) {
      for (int layer = 0; layer < plan.layers(); ++layer) {
        const uint64_t seed = 1 + uint64_t(step) * 100 + uint64_t(layer) * 10 + uint64_t(branch);
        const MethodCall call = callAt(randomCall(shape, seed), step, layer, branch);
        const at::Tensor expected = reference.attend(call, plan.at(step, layer), radius);
        EXPECT_LT(largest(run.attend(call) - expected), kTolerance)
            << "step " << step << ", layer " << layer << ", " << nameOf(plan.at(step, layer));
      }
    }
  }
}

TEST(DitFastAttn, FollowsThePseudocode) {
  const CallShape image{2, {1, 9, 11}, {}, 72};  // 99 tokens, window of 12 on either side
  const CallShape video{2, {2, 5, 8}, {80, 90}, 16};
  for (unsigned seed = 0; seed < 8; ++seed) {
    const CompressionPlan plan = randomPlan(9, 2, seed);
    expectPseudocode(plan, image, 12, DitFastAttn::Keep::AsPlanned);
    expectPseudocode(plan, video, 10, DitFastAttn::Keep::AsPlanned);
  }
  expectPseudocode(randomPlan(9, 2, 99), image, 12, DitFastAttn::Keep::Everything);
}

TEST(DitFastAttn, WindowOnUnchangedInputsIsDense) {
  const MethodCall call = randomCall({2, {1, 9, 11}, {}, 72});
  Generation run(makeMethod("ditfastattn:refresh=0", samplingPlan(4)));
  const at::Tensor dense = run.attend(callAt(call, 0));
  EXPECT_LT(largest(dense - fullOutput(call)), kTolerance);
  for (int step = 1; step < 4; ++step) EXPECT_LT(largest(run.attend(callAt(call, step)) - dense), kTolerance);
}

// What a strategy decides in each step for both branches.
std::vector<std::string> choicesOf(const std::string& method, int steps) {
  const auto made = makeMethod(method, samplingPlan(steps));
  std::vector<std::string> choices;
  for (int step = 0; step < steps; ++step) {
    std::string both;
    for (const db::Branch branch : kBranches) {
      const MethodCall call = callAt(randomCall({2, {1, 8, 8}, {}, 8}), step, 0, branch);
      const Plan plan = made->plan(call);
      both += (both.empty() ? "" : " | ") + plan.kind + " " + plan.decisions.at(0).choice;
      MethodResult result{runKernel(plan, call), at::zeros({2, 64}), {}, {}};
      made->observe(call, result);
    }
    choices.push_back(both);
  }
  return choices;
}

TEST(DitFastAttn, StrategiesBetweenRefreshes) {
  using Choices = std::vector<std::string>;
  const std::string dense = "dense full_attn | dense full_attn",
                    search = "search full_attn | search full_attn";
  const std::string window = "sparse residual_window_attn | sparse residual_window_attn";
  const std::string share = "reuse output_share | reuse output_share";
  const std::string asc = "dense full_attn+cfg_attn_share | reuse cfg_attn_share";
  const std::string both = "sparse residual_window_attn+cfg_attn_share | reuse cfg_attn_share";
  EXPECT_EQ(choicesOf("ditfastattn:refresh=3", 5), (Choices{search, window, window, search, window}));
  EXPECT_EQ(choicesOf("ditfastattn:strategy=ast,refresh=3", 5), (Choices{dense, share, share, dense, share}));
  EXPECT_EQ(choicesOf("ditfastattn:strategy=asc,refresh=3", 5), (Choices{dense, asc, asc, dense, asc}));
  EXPECT_EQ(choicesOf("ditfastattn:strategy=wars_asc,refresh=0,dense_last=1", 4),
            (Choices{search, both, both, dense}));
}

TEST(DitFastAttn, WithoutTheOtherBranchEachIsComputed) {
  const MethodCall call = randomCall({2, {1, 9, 11}, {}, 16});
  Generation run(makeMethod("ditfastattn:strategy=wars_asc", samplingPlan(3)));
  run.attend(callAt(call, 0, 0, db::Branch::Uncond));
  EXPECT_LT(largest(run.attend(callAt(call, 1, 0, db::Branch::Uncond)) - fullOutput(call)), kTolerance);
}

TEST(DitFastAttn, StateIsNeededWhereALaterStepReadsIt) {
  CompressionPlan plan(6, 1);
  plan.at(2, 0) = {Attention::Share, false};
  plan.at(3, 0) = {Attention::Window, true};
  plan.at(4, 0) = {Attention::Full, true};
  const bool residual[] = {false, true, true, false, false, false};
  const bool output[] = {false, true, false, false, false, false};
  for (int step = 0; step < 6; ++step) {
    EXPECT_EQ(plan.needsResidual(step, 0), residual[step]) << step;
    EXPECT_EQ(plan.needsOutput(step, 0), output[step]) << step;
  }
}

class PlanFile : public testing::Test {
 protected:
  std::filesystem::path write(const std::string& text) {
    const std::filesystem::path file = m_folder.path() / "plan.json";
    std::ofstream(file) << text;
    return file;
  }
  std::string refusal(const std::string& text, const SamplingPlan& plan) {
    try {
      (void)makeMethod("ditfastattn:plan=" + write(text).string(), plan);
    } catch (const db::Error& error) {
      EXPECT_EQ(error.exitCode(), 3);
      EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
      return error.what();
    }
    return "";
  }
  TemporaryFolder m_folder;
};

TEST_F(PlanFile, ReadsWhatItWrites) {
  CompressionPlan plan = randomPlan(7, 3, 1);
  plan.window = 0.0625;
  const CompressionPlan read = CompressionPlan::read(write(plan.toJson().dump()));
  ASSERT_EQ(read.steps(), 7);
  ASSERT_EQ(read.layers(), 3);
  EXPECT_EQ(read.window, 0.0625);
  for (int step = 0; step < 7; ++step) {
    for (int layer = 0; layer < 3; ++layer) EXPECT_EQ(read.at(step, layer), plan.at(step, layer));
  }
}

TEST_F(PlanFile, IsCarriedOut) {
  CompressionPlan plan = randomPlan(5, 1, 3);
  plan.window = 0.25;
  Generation run(makeMethod("ditfastattn:plan=" + write(plan.toJson().dump()).string(), samplingPlan(5)));
  Pseudocode reference;
  for (int step = 0; step < 5; ++step) {
    const MethodCall call = callAt(randomCall({2, {1, 8, 8}, {}, 8}, 1 + uint64_t(step)), step);
    EXPECT_LT(largest(run.attend(call) - reference.attend(call, plan.at(step, 0), 16)), kTolerance);
  }
}

TEST_F(PlanFile, OfFullAttentionIsDense) {
  Generation run(makeMethod("ditfastattn:plan=" + write(CompressionPlan(4, 1).toJson().dump()).string(),
                            samplingPlan(4)));
  for (int step = 0; step < 4; ++step) {
    const MethodCall call = callAt(randomCall({2, {1, 9, 11}, {}, 16}, 1 + uint64_t(step)), step);
    EXPECT_LT(largest(run.attend(call) - fullOutput(call)), kTolerance);
  }
}

TEST_F(PlanFile, ThatDoesNotFitIsOneClearLine) {
  const std::string good = CompressionPlan(4, 2).toJson().dump();
  EXPECT_EQ(refusal(good, samplingPlan(4, 2)), "");
  EXPECT_THAT(refusal(good, samplingPlan(5, 2)), HasSubstr("it is for 4 steps, the run has 5"));
  EXPECT_THAT(refusal(good, samplingPlan(4, 3)), HasSubstr("it is for 2 layers, the run has 3"));
  EXPECT_THAT(refusal("{", samplingPlan(4)), HasSubstr("not valid JSON"));
  EXPECT_THAT(refusal("{}", samplingPlan(4)), HasSubstr("schema"));
  const auto with = [&good](const std::string& key, const nlohmann::json& value) {
    nlohmann::json json = nlohmann::json::parse(good);
    json[key] = value;
    return json.dump();
  };
  EXPECT_THAT(refusal(with("schema", 3), samplingPlan(4)), HasSubstr("schema"));
  EXPECT_THAT(refusal(with("window", 7), samplingPlan(4)), HasSubstr("window"));
  EXPECT_THAT(refusal(with("window", "1"), samplingPlan(4)), HasSubstr("window"));
  EXPECT_THAT(refusal(with("steps", 3), samplingPlan(4)), HasSubstr("steps"));
  EXPECT_THAT(refusal(with("steps", nlohmann::json::array()), samplingPlan(4)), HasSubstr("steps"));
  EXPECT_THAT(refusal(with("steps", {{"full_attn"}, {"full_attn", "full_attn"}}), samplingPlan(4)),
              HasSubstr("step 1 has not the 1 layers"));
  EXPECT_THAT(refusal(with("steps", {{"full_attn"}, {"magic"}}), samplingPlan(4)), HasSubstr("'magic'"));
  EXPECT_THAT(refusal(with("steps", {{"full_attn"}, {7}}), samplingPlan(4)), HasSubstr("step 1, layer 0"));
}

}  // namespace
}  // namespace ditscope::collector::test
