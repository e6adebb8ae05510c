// SPDX-License-Identifier: Apache-2.0
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <csignal>

#include "collector/pipeline_folder.h"
#include "collector/safetensors.h"
#include "collector/train/adamw.h"
#include "collector/train/fused_attention.h"
#include "collector/train/image_model.h"
#include "collector/train/trainer.h"
#include "collector/train/video_model.h"
#include "db/error.h"
#include "tests/collector/temporary_folder.h"

namespace ditscope::collector::train {
namespace {

constexpr double kRate = 0.01;

TEST(AdamW, TakesTheStepsOfThePaper) {
  const at::Tensor x = at::tensor({1.0F, -2.0F}).view({2, 1}).set_requires_grad(true);
  AdamWOptions options;
  options.clipNorm = 1e9;
  AdamW adam({{"x", x}}, options);
  double expected = 1;
  double mean = 0;
  double square = 0;
  for (int step = 1; step <= 5; ++step) {
    x.square().sum().backward();
    adam.step(kRate);
    const double gradient = 2 * expected;
    mean = options.beta1 * mean + (1 - options.beta1) * gradient;
    square = options.beta2 * square + (1 - options.beta2) * gradient * gradient;
    expected *= 1 - kRate * options.weightDecay;
    expected -= kRate * (mean / (1 - std::pow(options.beta1, step))) /
                (std::sqrt(square / (1 - std::pow(options.beta2, step))) + options.eps);
    EXPECT_NEAR(x[0][0].item<double>(), expected, 1e-6);
  }
}

TEST(AdamW, ClipsTheGradientOfAllParametersTogether) {
  const at::Tensor a = at::zeros({1}).set_requires_grad(true);
  const at::Tensor b = at::zeros({1}).set_requires_grad(true);
  AdamW adam({{"a", a}, {"b", b}}, {});
  (30 * a + 40 * b).sum().backward();
  EXPECT_NEAR(adam.step(kRate), 50, 1e-4);
  EXPECT_NEAR(adam.mean().at("a").item<double>(), 0.1 * 0.6, 1e-6);
  EXPECT_NEAR(adam.mean().at("b").item<double>(), 0.1 * 0.8, 1e-6);
}

TEST(Average, WarmsUpAndThenKeepsToItsDecay) {
  TensorMap average = {{"x", at::zeros({1})}};
  const TensorMap now = {{"x", at::ones({1})}};
  updateAverage(average, now, 0.999, 0);
  EXPECT_NEAR(average.at("x").item<double>(), 0.9, 1e-6);
  updateAverage(average, now, 0.999, 1'000'000);
  EXPECT_NEAR(average.at("x").item<double>(), 0.9 + 0.001 * 0.1, 1e-6);
}

Garments stripes() {  // class 0 has rows, class 1 columns
  Garments garments;
  garments.count = 2;
  garments.labels = {0, 1};
  for (int64_t i = 0; i < 2 * 28 * 28; ++i) {
    const int64_t axis = i < 28 * 28 ? i / 28 : i % 28;
    garments.pixels.push_back(axis % 28 < 14 ? 255 : 0);
  }
  return garments;
}

WanConfig tinyVideo() {
  WanConfig config = demoVideoConfig();
  config.heads = 2;
  config.headDim = 12;
  config.layers = 1;
  config.ffnDim = 32;
  config.textDim = 8;
  return config;
}

class Training : public ::testing::Test {
 protected:
  [[nodiscard]] double videoLossOf(const TensorMap& weights) {
    return videoLoss(tinyVideo(), m_garments, at::kFloat)(weights,
                                                          parsePhase("frames=2,size=8,batch=64,steps=1"), 99)
        .item<double>();
  }

  ditscope::TemporaryFolder m_folder;
  GarmentSizes m_garments{stripes()};
};

TEST_F(Training, OfATinyVideoModelLowersTheLoss) {
  const TensorMap start = initVideoModel(tinyVideo(), 1);
  const double before = videoLossOf(start);
  TrainerOptions options;
  options.averageDecay = 0.9;
  const std::vector<Phase> phases = {parsePhase("frames=1,size=8,batch=32,steps=60,rate=1e-2"),
                                     parsePhase("frames=3,keep=2,size=8,batch=32,steps=60,rate=1e-2")};
  const TrainResult result =
      runTraining(start, phases, videoLoss(tinyVideo(), m_garments, at::kFloat), options);
  EXPECT_EQ(result.steps, 120);
  EXPECT_FALSE(result.interrupted);
  EXPECT_LT(videoLossOf(result.average), 0.7 * before);
}

TEST_F(Training, OfATinyImageModelLowersTheLoss) {
  DitConfig config = demoImageConfig();
  config.heads = 2;
  config.headDim = 8;
  config.layers = 1;
  config.sampleSize = 8;
  const LossFunction loss = imageLoss(config, m_garments, at::kFloat);
  const Phase phase = parsePhase("frames=1,size=8,batch=32,steps=100,rate=1e-2");
  const TensorMap start = initImageModel(config, 1);
  TrainerOptions options;
  options.averageDecay = 0.9;
  const TrainResult result = runTraining(start, {phase}, loss, options);
  EXPECT_LT(loss(result.average, phase, 99).item<double>(), 0.8 * loss(start, phase, 99).item<double>());
}

TEST_F(Training, InBf16GivesNearlyTheSameLoss) {
  const TensorMap weights = initVideoModel(tinyVideo(), 1);
  const Phase phase = parsePhase("frames=2,size=8,batch=64,steps=1");
  const double half = videoLoss(tinyVideo(), m_garments, at::kBFloat16)(weights, phase, 99).item<double>();
  EXPECT_NEAR(half, videoLossOf(weights), 0.01);
}

TEST_F(Training, ThatIsInterruptedGoesOnAsIfItHadNotBeen) {
  const LossFunction loss = videoLoss(tinyVideo(), m_garments, at::kFloat);
  const std::vector<Phase> phases = {parsePhase("frames=1,size=8,batch=4,steps=4,rate=1e-2"),
                                     parsePhase("frames=2,size=8,batch=4,steps=4,rate=1e-2")};
  const TensorMap start = initVideoModel(tinyVideo(), 1);
  TrainerOptions options;
  options.threads = 2;
  const TensorMap unbroken = runTraining(start, phases, loss, options).average;

  options.checkpoint = m_folder.path() / "state.safetensors";
  options.stepDone = [](const Phase&, const TrainState& state, double) {
    if (state.steps == 6) std::raise(SIGINT);
  };
  const TrainResult broken = runTraining(start, phases, loss, options);
  EXPECT_TRUE(broken.interrupted);
  EXPECT_EQ(broken.steps, 6);
  options.resume = true;
  options.stepDone = {};
  const TrainResult resumed = runTraining(start, phases, loss, options);
  EXPECT_EQ(resumed.steps, 8);
  for (const auto& [name, tensor] : unbroken)
    EXPECT_TRUE(at::equal(tensor, resumed.average.at(name))) << name;
}

TEST_F(Training, DoesNotResumeFromAForeignFile) {
  TrainerOptions options;
  options.checkpoint = m_folder.path() / "other.safetensors";
  options.resume = true;
  writeSafetensors(options.checkpoint, {{"weights.x", at::zeros({1})}});
  EXPECT_THROW(runTraining({}, {}, {}, options), db::Error);
}

TEST_F(Training, WritesAVideoModelThatLoadsAndPredictsTheSame) {
  const WanConfig config = tinyVideo();
  TensorMap weights = initVideoModel(config, 1);
  for (auto& [name, tensor] : weights) tensor = tensor + 0.1 * at::randn_like(tensor);  // no zeros
  writeVideoModel(m_folder.path(), config, weights, {8, 32});

  const PipelineFolder folder = readPipelineFolder(m_folder.path());
  EXPECT_EQ(folder.latentSize, (std::array<int64_t, 3>{8, 32, 32}));
  EXPECT_TRUE(folder.scheduler.has_value());
  const DenoiserInput input{at::randn({1, 1, 2, 8, 8}), at::full({1}, 500.0F),
                            folder.labelEmbeds.narrow(0, 3, 1), at::Tensor()};
  FusedAttention attention;
  const at::Tensor loaded = loadDenoiser(m_folder.path())->forward(input, {}, attention, {});
  const at::Tensor original = makeWan(config, weights)->forward(input, {}, attention, {});
  EXPECT_LT((loaded - original).abs().max().item<double>(), 5e-3 * original.abs().max().item<double>());
}

TEST_F(Training, WritesAnImageModelThatLoadsAndPredictsTheSame) {
  const DitConfig config = demoImageConfig();
  TensorMap weights = initImageModel(config, 1);
  for (auto& [name, tensor] : weights) tensor = tensor + 0.02 * at::randn_like(tensor);
  writeImageModel(m_folder.path(), config, weights);
  const DenoiserInput input{at::randn({2, 1, 32, 32}), at::full({2}, 500, at::kLong), at::Tensor(),
                            at::tensor({3, 10}, at::kLong)};
  FusedAttention attention;
  const at::Tensor loaded = loadDenoiser(m_folder.path())->forward(input, {}, attention, {});
  const at::Tensor original = makeDit(config, weights)->forward(input, {}, attention, {});
  EXPECT_LT((loaded - original).abs().max().item<double>(), 5e-3 * original.abs().max().item<double>());
}

}  // namespace
}  // namespace ditscope::collector::train
