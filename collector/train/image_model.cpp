// SPDX-License-Identifier: Apache-2.0
#include "collector/train/image_model.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <nlohmann/json.hpp>

#include "collector/train/demo_weights.h"
#include "collector/train/fused_attention.h"

namespace ditscope::collector::train {
namespace {

constexpr int64_t kTimesteps = 1000;
constexpr double kBetaStart = 1e-4;
constexpr double kBetaEnd = 0.02;
constexpr double kImageGuidance = 1.5;

bool imageStartsAtZero(const std::string& name) {
  return name.find("norm1.linear") != std::string::npos || name.find("proj_out") != std::string::npos;
}

// What timestep and label say is computed in f32.
bool keepsFloat(const std::string& name) {
  return name.find(".norm1.") != std::string::npos;
}

at::Tensor signalShares() {  // alpha-bar of each timestep
  return at::cumprod(1 - at::linspace(kBetaStart, kBetaEnd, kTimesteps, at::kDouble), 0).to(at::kFloat);
}

}  // namespace

DitConfig demoImageConfig() {
  DitConfig config;
  config.heads = 4;
  config.headDim = 32;
  config.layers = 6;
  config.inChannels = 1;
  config.outChannels = 1;
  config.classes = kClasses;
  return config;
}

TensorMap initImageModel(const DitConfig& config, uint64_t seed) {
  at::Generator random = at::detail::createCPUGenerator(seed);
  return initWeights(ditParameterShapes(config), imageStartsAtZero, random);
}

LossFunction imageLoss(const DitConfig& config, GarmentSizes& garments, at::ScalarType dtype) {
  const at::Tensor shares = signalShares();
  return [=, &garments](const TensorMap& weights, const Phase& phase, uint64_t seed) {
    const Clips clips =
        renderClips(garments.ofSide(phase.shape.garmentSide()), phase.shape, phase.batch, seed);
    const at::Tensor pixels = clips.pixels.select(2, 0);
    at::Generator random = at::detail::createCPUGenerator(seed);
    const at::Tensor noise = at::randn(pixels.sizes(), random, at::kFloat);
    const at::Tensor t = at::randint(0, kTimesteps, {phase.batch}, random, at::kLong);
    const at::Tensor labels = dropLabels(clips.labels, random);

    const at::Device device = weights.begin()->second.device();
    const at::Tensor share = shares.index_select(0, t).view({-1, 1, 1, 1});
    const db::TokenGrid grid{1, static_cast<int32_t>(pixels.size(2) / config.patch),
                             static_cast<int32_t>(pixels.size(3) / config.patch)};
    DenoiserInput input;
    input.latents = (share.sqrt() * pixels + (1 - share).sqrt() * noise).to(device);
    input.timestep = t.to(device);
    input.labels = labels.to(device);
    FusedAttention attention;
    const at::Tensor positions = ditPositions(config, grid).to(device);
    const at::Tensor predicted =
        ditForward(config, castWeights(weights, dtype, keepsFloat), positions, input, {}, attention);
    return at::mse_loss(predicted.to(at::kFloat), noise.to(device));
  };
}

void writeImageModel(const std::filesystem::path& folder, const DitConfig& config, const TensorMap& weights) {
  nlohmann::json json = ditConfigToJson(config);
  json["guidance_scale"] = kImageGuidance;
  const nlohmann::json scheduler = {{"_class_name", "DDIMScheduler"},
                                    {"beta_end", kBetaEnd},
                                    {"beta_schedule", "linear"},
                                    {"beta_start", kBetaStart},
                                    {"clip_sample", true},
                                    {"clip_sample_range", 1.0},
                                    {"num_train_timesteps", kTimesteps},
                                    {"prediction_type", "epsilon"},
                                    {"set_alpha_to_one", true},
                                    {"steps_offset", 0},
                                    {"timestep_spacing", "leading"}};
  writePipeline(folder, "DiTPipeline", json, scheduler, weights);
}

}  // namespace ditscope::collector::train
