// SPDX-License-Identifier: Apache-2.0
// Skip-softmax settings: the published form with the numbers of a published checkpoint, the other forms that
// are about, the gate, and the names of ignored layers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "analyzer/exchange/choice_text.h"
#include "analyzer/exchange/module_names.h"
#include "db/error.h"
#include "tests/analyzer/exchange_support.h"

namespace ditscope::tests {
namespace {

using nlohmann::json;
using testing::HasSubstr;

// Wan 2.2 A14B in FP8 at 720p: the curve that its checkpoint has.
constexpr double kA = 2822.62, kB = 4.38825;

db::SparsityConfig wan() {
  db::SparsityConfig config = smallModel();
  config.model.tokens = 75600;
  config.model.grid = {21, 45, 80};
  return config;
}

std::string published(double target, const std::string& more = "") {
  return R"j({"sparse_attention_config": {"config_groups": {"group_0": {"algorithm": "skip_softmax", )j"
         R"j("targets": ["WanAttention"], "ignore": ["*.attn2*", "blocks.0.*"], "threshold_scale_factor": )j"
         R"j({"formula": "a * exp(b * target_sparsity)", "coefficients": {"a": 2822.62, "b": 4.38825}}, )j"
         R"j("target_sparsity": )j" +
         std::to_string(target) + more + "}}}}";
}

const db::MethodChoice& choiceOf(const Imported& back, int32_t layer) {
  return back.config.resolve({7, layer, 0, db::Branch::Cond});
}

TEST(ExchangeSkipSoftmax, TheScaleFactorFollowsFromCurveAndTarget) {
  for (const auto& [target, lambda] : {std::pair(0.5, 0.335), {0.65, 0.647}, {0.7, 0.806}}) {
    const Imported back = imported(published(target), "skip-softmax", wan());
    const double scale = *analyzer::numberParameter(choiceOf(back, 1), "scale_factor");
    EXPECT_NEAR(scale, kA * std::exp(kB * target), 1e-9 * scale);
    EXPECT_NEAR(scale / 75600, lambda, 5e-4);
    EXPECT_EQ(choiceOf(back, 0).method, "dense");  // ignored
  }
  const Imported high = imported(published(0.75), "skip-softmax", wan());
  EXPECT_THAT(high.losses, testing::ElementsAre(HasSubstr("is above 1 and runs as 1")));
}

TEST(ExchangeSkipSoftmax, TheFileComesBack) {
  const std::string file = published(0.7, R"j(, "disabled_until_timestep": 0.93)j");
  const Imported back = imported(file, "skip-softmax", wan());
  EXPECT_EQ(*analyzer::numberParameter(choiceOf(back, 1), "dense_until"), 0.93);
  const Exchanged again = exported(back.config, "skip-softmax");
  EXPECT_EQ(json::parse(again.bytes), json::parse(file));
  EXPECT_THAT(again.losses, testing::IsEmpty());
  EXPECT_EQ(imported(again.bytes, "skip-softmax", wan()).config, back.config);
}

TEST(ExchangeSkipSoftmax, OtherFormsMeanTheSame) {
  const double scale = kA * std::exp(kB * 0.7);
  const auto scaleOf = [&](const std::string& group) {
    const Imported back =
        imported(R"j({"sparse_attention_config": {"config_groups": {"g": {"algorithm": "skip_softmax", )j" +
                     group + "}}}}",
                 "skip-softmax", wan());
    return *analyzer::numberParameter(choiceOf(back, 1), "scale_factor");
  };
  // ModelOpt's, with a decode curve that diffusion has no use for.
  EXPECT_NEAR(scaleOf(R"j("threshold_scale_factor": {"formula": "a * exp(b * target_sparsity)",
      "prefill": {"a": 2822.62, "b": 4.38825}, "decode": {
    "a" : 1, "b" : 1}
}, "target_sparsity": {"prefill": 0.7})j"),
              scale, 1e-9 * scale);
  // Its fit in log space.
  EXPECT_NEAR(scaleOf(R"j("threshold_scale_factor": {"prefill": {"log_a": 7.945421, "b": 4.38825}},
      "target_sparsity": {"prefill": 0.7})j"),
              scale, 1e-5 * scale);
  EXPECT_EQ(scaleOf(R"j("threshold_scale_factor": 5000)j"), 5000);

  const Imported user = imported(R"j({"skip_softmax": {"threshold": 0.3, "disabled_until_timestep": 0}})j",
                                 "skip-softmax", wan());
  EXPECT_EQ(analyzer::choiceText(choiceOf(user, 1)), "blasst:lambda=0.3");  // a gate of 0 is none
  const Imported steps =
      imported(published(0.5, R"j(, "initial_disabled_steps": 3)j"), "skip-softmax", wan());
  EXPECT_EQ(*analyzer::numberParameter(choiceOf(steps, 1), "dense_steps"), 3);
}

TEST(ExchangeSkipSoftmax, ALambdaIsAFlatCurve) {
  db::SparsityConfig config = wan();
  config.defaults = {.method = "blasst", .parameters = {{"lambda", 0.25}}};
  config.overrides = {{{.layers = {{2, 2}}}, {}}};
  const json file = json::parse(exported(config, "skip-softmax").bytes);
  const json group = file["sparse_attention_config"]["config_groups"]["group_0"];
  EXPECT_EQ(group["threshold_scale_factor"]["coefficients"], (json{{"a", 0.25 * 75600}, {"b", 0.0}}));
  EXPECT_EQ(group["ignore"], (json{"*.attn2*", "blocks.2.attn1*"}));
  EXPECT_FALSE(group.contains("disabled_until_timestep"));
}

TEST(ExchangeSkipSoftmax, DenseStepsBecomeAGateBetweenTwoTimes) {
  db::SparsityConfig config = wan();
  config.defaults = {.method = "blasst", .parameters = {{"lambda", 0.25}}};
  config.schedule = {{{.steps = db::IndexRange{0, 2}}, db::StepKind::Dense}};
  const std::vector<double> times = {1, 0.98, 0.95, 0.94, 0.7, 0.5, 0.3, 0.1};
  const Exchanged file = exported(config, "skip-softmax", {.times = times});
  const json group = json::parse(file.bytes)["sparse_attention_config"]["config_groups"]["group_0"];
  const double gate = group["disabled_until_timestep"];
  EXPECT_EQ(std::ranges::count_if(times, [&](double t) { return t >= gate; }), 3);  // TensorRT-LLM
  EXPECT_EQ(std::ranges::count_if(times, [&](double t) { return t > gate; }), 3);   // vLLM-Omni
  EXPECT_EQ(gate, 0.945);
  EXPECT_THAT(exported(config, "skip-softmax").losses, testing::Contains(HasSubstr("takes the times")));
}

TEST(ExchangeSkipSoftmax, OneCurveStandsForAll) {
  db::SparsityConfig config = wan();
  config.defaults = {.method = "blasst", .parameters = {{"lambda", 0.25}}};
  config.overrides = {atHeads(0, {0, 1}, {.method = "blasst", .parameters = {{"lambda", 0.5}}}),
                      atHeads(1, {0, 0}, {.method = "topk"})};
  EXPECT_THAT(
      exported(config, "skip-softmax").losses,
      testing::IsSupersetOf({"another threshold than the most frequent one, which stands for all: 2 heads",
                             "method topk, which the file cannot name: 1 heads",
                             "not skipping, in a layer that does, and skip too: 1 heads"}));
}

TEST(ExchangeSkipSoftmax, RefusesWhatItDoesNotUnderstand) {
  const auto refusal = [](const std::string& text) -> std::string {
    try {
      (void)imported(text, "skip-softmax", wan());
      return "";
    } catch (const db::Error& error) {
      return error.what();
    }
  };
  const std::string factor =
      R"j("threshold_scale_factor": {"formula": "a + b", "coefficients": {"a": 1, "b": 1}})j";
  const std::string one = R"j({"algorithm": "skip_softmax", "target_sparsity": 0.5, )j" + factor + "}";
  EXPECT_THAT(refusal(one), HasSubstr("formula"));
  EXPECT_THAT(refusal(R"j({"config_groups": {"a": )j" + one + R"j(, "b": )j" + one + "}}"),
              HasSubstr("several"));
  EXPECT_THAT(refusal(R"j({"config_groups": {}})j"), HasSubstr("none of its groups"));
  EXPECT_THAT(refusal(R"j({"skip_softmax": {"target_sparsity": 0.5}})j"), HasSubstr("curve"));
  EXPECT_THAT(refusal("[]"), HasSubstr("no object"));
}

TEST(ExchangeModuleNames, PatternsAreThoseOfFnmatch) {
  using analyzer::matchesPattern;
  EXPECT_TRUE(matchesPattern("blocks.3.attn1", "blocks.3.*"));
  EXPECT_TRUE(matchesPattern("blocks.3.attn1", "*"));
  EXPECT_TRUE(matchesPattern("blocks.3.attn1", "*.[0-4].attn?"));
  EXPECT_TRUE(matchesPattern("blocks.3.attn1", "*[!a-z].attn1"));
  EXPECT_TRUE(matchesPattern("a[b", "a[b"));
  EXPECT_FALSE(matchesPattern("blocks.3.attn1", "blocks.3"));
  EXPECT_FALSE(matchesPattern("blocks.13.attn1", "blocks.3*"));
  EXPECT_FALSE(matchesPattern("blocks.3.attn1", "*.attn2*"));
  EXPECT_FALSE(matchesPattern("", "?"));
  EXPECT_TRUE(matchesPattern("", "**"));
  EXPECT_FALSE(matchesPattern(std::string(200, 'a'), std::string(60, '*') + "a*a*a*a*a*a*a*a*b"));  // at once
}

}  // namespace
}  // namespace ditscope::tests
