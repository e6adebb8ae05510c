// SPDX-License-Identifier: Apache-2.0
#include "collector/samplers/sampler.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "db/error.h"
#include "tests/collector/temporary_folder.h"

namespace ditscope::collector {
namespace {

using ::testing::HasSubstr;

DdimConfig unclipped() {
  DdimConfig config;
  config.clipSample = false;
  return config;
}

struct Case {
  const char* name;
  SamplerConfig config;
  double tolerance;  // relative to the largest value
};

void PrintTo(const Case& value, std::ostream* out) {
  *out << value.name;
}

const Case kCases[] = {
    {"ddim_dit_50", unclipped(), 2e-6},
    {"ddim_clip_10", DdimConfig{}, 1e-6},
    {"fm_hunyuan_50_shift7", FlowEulerConfig{7, FlowEulerConfig::Sigmas::Linear}, 2e-6},
    {"fm_sd3_28_shift3", FlowEulerConfig{3, FlowEulerConfig::Sigmas::TrainingRange}, 2e-6},
    {"unipc_wan_50_shift3", UniPcConfig{3}, 2e-6},
    {"unipc_wan_20_shift5", UniPcConfig{5}, 2e-6},
};

void expectClose(const at::Tensor& got, const nlohmann::json& expected, double tolerance) {
  const std::vector<double> values = expected.get<std::vector<double>>();
  double largest = 0;
  for (const double value : values) largest = std::max(largest, std::abs(value));
  const at::Tensor flat = got.flatten();
  for (size_t i = 0; i < values.size(); ++i) {
    EXPECT_NEAR(flat[static_cast<int64_t>(i)].item<double>(), values[i], tolerance * largest) << i;
  }
}

void expectEach(const std::vector<double>& got, const nlohmann::json& expected) {
  ASSERT_EQ(got.size(), expected.size());
  for (size_t i = 0; i < got.size(); ++i) {
    const double value = expected[i].get<double>();
    EXPECT_NEAR(got[i], value, 2e-7 * value) << i;  // a unit in the last place of f32
  }
}

class GoldenSampler : public ::testing::TestWithParam<Case> {};

TEST_P(GoldenSampler, MatchesDiffusers) {
  const std::string file = std::string(DITSCOPE_SOURCE_DIR) + "/tests/golden/diffusers/schedulers.json";
  const nlohmann::json golden = nlohmann::json::parse(std::ifstream(file)).at(GetParam().name);
  const auto sampler = makeSampler(GetParam().config, golden.at("n").get<int>());
  ASSERT_EQ(sampler->sigmas().size(), sampler->timesteps().size() + 1);
  if (golden.contains("timesteps")) expectEach(sampler->timesteps(), golden["timesteps"]);
  if (golden.contains("sigmas")) expectEach(sampler->sigmas(), golden["sigmas"]);

  const at::Tensor slope = at::tensor({1.0, -1.0, 0.5, -0.5}).reshape({1, 1, 2, 2}).to(at::kFloat) * 0.001;
  at::Tensor x = at::tensor({0.5, -1.25, 2.0, 0.125}).reshape({1, 1, 2, 2}).to(at::kFloat);
  for (int i = 0; i < sampler->steps(); ++i) {
    x = sampler->step(i, 0.3 * x + slope * sampler->timesteps()[static_cast<size_t>(i)], x);
    if (i == 0 && golden.contains("after1")) expectClose(x, golden["after1"], GetParam().tolerance);
  }
  expectClose(x, golden.at("final"), GetParam().tolerance);
}

INSTANTIATE_TEST_SUITE_P(All, GoldenSampler, ::testing::ValuesIn(kCases),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(Sampler, APerfectPredictionGivesTheSampleInAnyNumberOfSteps) {
  const at::Tensor clean = at::randn({1, 2, 3, 3});
  const at::Tensor noise = at::randn({1, 2, 3, 3});
  for (const SamplerConfig& config : {SamplerConfig(FlowEulerConfig{3}), SamplerConfig(UniPcConfig{3})}) {
    for (const int steps : {1, 2, 3, 20}) {
      const auto sampler = makeSampler(config, steps);
      at::Tensor x = noise;
      for (int i = 0; i < steps; ++i) x = sampler->step(i, noise - clean, x);
      EXPECT_LT((x - clean).abs().max().item<double>(), 2e-5) << schedulerName(config) << ' ' << steps;
    }
  }
  for (const int steps : {1, 2, 7, 50}) {
    const auto sampler = makeSampler(unclipped(), steps);
    const double sigma = sampler->sigmas()[0];
    at::Tensor x = std::sqrt(1 - sigma * sigma) * clean + sigma * noise;
    for (int i = 0; i < steps; ++i) x = sampler->step(i, noise, x);
    EXPECT_LT((x - clean).abs().max().item<double>(), 2e-3) << steps;  // f32 at a signal share of 0.006
  }
}

TEST(Sampler, HalfPrecisionPredictionsAreStepedInF32) {
  const auto sampler = makeSampler(UniPcConfig{3}, 2);
  const at::Tensor x = at::ones({1, 1, 2, 2}, at::kBFloat16);
  EXPECT_EQ(sampler->step(0, x, x).scalar_type(), at::kFloat);
}

TEST(Sampler, StepsOutOfRange) {
  for (const SamplerConfig& config :
       {SamplerConfig(FlowEulerConfig{}), SamplerConfig(UniPcConfig{}), SamplerConfig(DdimConfig{})}) {
    EXPECT_THROW(makeSampler(config, 0), db::Error);
    EXPECT_THROW(makeSampler(config, -1), db::Error);
    EXPECT_THROW(makeSampler(config, 1001), db::Error);
    EXPECT_EQ(makeSampler(config, 1000)->steps(), 1000);
  }
  DdimConfig offset;
  offset.stepsOffset = 1;
  EXPECT_THROW(makeSampler(offset, 1000), db::Error);  // would need timestep 1000
  EXPECT_EQ(makeSampler(offset, 500)->timesteps().front(), 999);
}

TEST(SamplerDefaults, FollowTheModel) {
  const auto wan = defaultSamplerConfig("WanTransformer3DModel");
  EXPECT_EQ(std::get<UniPcConfig>(wan).shift, 3);
  const auto dit = defaultSamplerConfig("DiTTransformer2DModel");
  EXPECT_FALSE(std::get<DdimConfig>(dit).clipSample);
  EXPECT_EQ(schedulerName(defaultSamplerConfig("WanTransformer3DModel", "euler")),
            "FlowMatchEulerDiscreteScheduler");
  EXPECT_THROW(defaultSamplerConfig("WanTransformer3DModel", "ddim"), db::Error);
  EXPECT_THROW(defaultSamplerConfig("DiTTransformer2DModel", "unipc"), db::Error);
  EXPECT_THROW(defaultSamplerConfig("DiTTransformer2DModel", "heun"), db::Error);
}

class SchedulerFile : public ::testing::Test {
 protected:
  SamplerConfig read(const std::string& json) const {
    std::ofstream(m_folder.path() / "scheduler_config.json") << json;
    return readSamplerConfig(m_folder.path());
  }
  std::string problemOf(const std::string& json) const {
    try {
      read(json);
    } catch (const db::Error& error) {
      EXPECT_THAT(error.what(), HasSubstr("scheduler_config.json"));
      return error.what();
    }
    return "accepted";
  }
  TemporaryFolder m_folder;
};

TEST_F(SchedulerFile, Wan) {
  const auto config =
      read(R"({"_class_name":"UniPCMultistepScheduler","_diffusers_version":"0.33","beta_end":0.02,
    "beta_schedule":"linear","beta_start":0.0001,"disable_corrector":[],"dynamic_thresholding_ratio":0.995,
    "final_sigmas_type":"zero","flow_shift":5.0,"lower_order_final":true,"num_train_timesteps":1000,"predict_x0":true,
    "prediction_type":"flow_prediction","rescale_betas_zero_snr":false,"sample_max_value":1.0,"solver_order":2,
    "solver_p":null,"solver_type":"bh2","steps_offset":0,"thresholding":false,"timestep_spacing":"linspace",
    "trained_betas":null,"use_beta_sigmas":false,"use_exponential_sigmas":false,"use_flow_sigmas":true,
    "use_karras_sigmas":false})");
  EXPECT_EQ(std::get<UniPcConfig>(config).shift, 5.0);
}

TEST_F(SchedulerFile, Dit) {
  const auto config = std::get<DdimConfig>(read(R"({"_class_name":"DDIMScheduler","beta_end":0.02,
    "beta_schedule":"linear","beta_start":0.0001,"clip_sample":false,"num_train_timesteps":1000,
    "prediction_type":"epsilon","set_alpha_to_one":true,"steps_offset":0,"trained_betas":null})"));
  EXPECT_FALSE(config.clipSample);
  EXPECT_TRUE(config.lastAlphaIsOne);
  EXPECT_TRUE(
      std::get<DdimConfig>(read(R"({"_class_name":"DDIMScheduler"})")).clipSample);  // diffusers' default
}

TEST_F(SchedulerFile, FlowEuler) {
  const auto config = std::get<FlowEulerConfig>(
      read(R"({"_class_name":"FlowMatchEulerDiscreteScheduler","shift":3.0,"num_train_timesteps":1000})"));
  EXPECT_EQ(config.shift, 3.0);
  EXPECT_EQ(config.sigmas, FlowEulerConfig::Sigmas::TrainingRange);
}

TEST_F(SchedulerFile, WhatIsNotSupportedIsNamed) {
  EXPECT_THAT(problemOf(R"({"_class_name":"HeunDiscreteScheduler"})"), HasSubstr("none of the supported"));
  EXPECT_THAT(problemOf(R"({})"), HasSubstr("none of the supported"));
  EXPECT_THAT(problemOf(R"({"_class_name":"UniPCMultistepScheduler"})"), HasSubstr("only flow matching"));
  EXPECT_THAT(problemOf(R"({"_class_name":"UniPCMultistepScheduler","solver_order":3})"),
              HasSubstr("solver_order = 3"));
  EXPECT_THAT(problemOf(R"({"_class_name":"FlowMatchEulerDiscreteScheduler","use_dynamic_shifting":true})"),
              HasSubstr("use_dynamic_shifting = true"));
  EXPECT_THAT(problemOf(R"({"_class_name":"FlowMatchEulerDiscreteScheduler","shift":0})"),
              HasSubstr("not above 0"));
  EXPECT_THAT(problemOf(R"({"_class_name":"FlowMatchEulerDiscreteScheduler","shift":"3"})"),
              HasSubstr("not a number"));
  EXPECT_THAT(problemOf(R"({"_class_name":"DDIMScheduler","prediction_type":"v_prediction"})"),
              HasSubstr("v_prediction"));
  EXPECT_THAT(problemOf(R"({"_class_name":"DDIMScheduler","beta_end":2})"), HasSubstr("betas"));
  EXPECT_THAT(problemOf(R"({"_class_name":"DDIMScheduler","steps_offset":-1})"), HasSubstr("steps_offset"));
  EXPECT_THAT(problemOf("not json"), HasSubstr("not valid JSON"));
}

}  // namespace
}  // namespace ditscope::collector
