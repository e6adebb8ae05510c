// SPDX-License-Identifier: Apache-2.0
#include "collector/train/video_model.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <nlohmann/json.hpp>

#include "collector/safetensors.h"
#include "collector/train/demo_weights.h"
#include "collector/train/fused_attention.h"

namespace ditscope::collector::train {
namespace {

constexpr int64_t kTextTokens = 4;
constexpr double kTimeScale = 1000;  // the model sees t * 1000
constexpr double kSampleShift = 3;   // of the noise levels when sampling
constexpr double kVideoGuidance = 3;

bool videoStartsAtZero(const std::string& name) {
  return name.find("time_proj") != std::string::npos || name.find("proj_out") != std::string::npos ||
         name.find("scale_shift_table") != std::string::npos;
}

at::Tensor logitNormalTimes(const Phase& phase, at::Generator& random) {
  const at::Tensor t = at::sigmoid(at::randn({phase.batch}, random, at::kFloat));
  return phase.shift * t / (1 + (phase.shift - 1) * t);
}

// Which frames of a clip a step looks at: all, or a random choice in order.
at::Tensor chooseFrames(const Phase& phase, at::Generator& random) {
  const at::Tensor order = at::randperm(phase.shape.frames, random, at::kLong);
  return std::get<0>(order.narrow(0, 0, phase.kept()).sort());
}

// The rotation angles of those frames, at their places in the whole clip.
at::Tensor ropeOfFrames(const WanConfig& config, const at::Tensor& clips, const at::Tensor& frames) {
  const db::TokenGrid grid = wanTokenGrid(config, clips);
  return wanRope(config, grid, at::kCPU)
      .view({grid.frames, int64_t{grid.rows} * grid.cols, 1, -1})
      .index_select(0, frames)
      .flatten(0, 1);
}

nlohmann::json uniPcScheduler() {
  return {{"_class_name", "UniPCMultistepScheduler"},
          {"beta_end", 0.02},
          {"beta_schedule", "linear"},
          {"beta_start", 0.0001},
          {"disable_corrector", nlohmann::json::array()},
          {"final_sigmas_type", "zero"},
          {"flow_shift", kSampleShift},
          {"lower_order_final", true},
          {"num_train_timesteps", kTimeScale},
          {"predict_x0", true},
          {"prediction_type", "flow_prediction"},
          {"solver_order", 2},
          {"solver_type", "bh2"},
          {"thresholding", false},
          {"timestep_spacing", "linspace"},
          {"use_flow_sigmas", true}};
}

}  // namespace

WanConfig demoVideoConfig() {
  WanConfig config;
  config.heads = 4;
  config.headDim = 32;
  config.inChannels = 1;
  config.outChannels = 1;
  config.textDim = 64;
  config.ffnDim = 512;
  config.layers = 6;
  return config;
}

TensorMap initVideoModel(const WanConfig& config, uint64_t seed) {
  at::Generator random = at::detail::createCPUGenerator(seed);
  TensorMap weights = initWeights(wanParameterShapes(config), videoStartsAtZero, random);
  weights[kLabelEmbeds] = at::randn({kClasses + 1, kTextTokens, config.textDim}, random, at::kFloat);
  return weights;
}

LossFunction videoLoss(const WanConfig& config, GarmentSizes& garments, at::ScalarType dtype) {
  return [=, &garments](const TensorMap& weights, const Phase& phase, uint64_t seed) {
    const Clips clips =
        renderClips(garments.ofSide(phase.shape.garmentSide()), phase.shape, phase.batch, seed);
    at::Generator random = at::detail::createCPUGenerator(seed);
    const at::Tensor frames = chooseFrames(phase, random);
    const at::Tensor pixels = clips.pixels.index_select(2, frames);
    const at::Tensor noise = at::randn(pixels.sizes(), random, at::kFloat);
    const at::Tensor t = logitNormalTimes(phase, random);
    const at::Tensor labels = dropLabels(clips.labels, random);

    const at::Device device = weights.begin()->second.device();
    const at::Tensor share = t.view({-1, 1, 1, 1, 1});
    const TensorMap cast = castWeights(weights, dtype, wanKeepsFloat);
    DenoiserInput input;
    input.latents = ((1 - share) * pixels + share * noise).to(device);
    input.timestep = (t * kTimeScale).to(device);
    input.text = cast.at(kLabelEmbeds).index_select(0, labels.to(device));
    FusedAttention attention;
    const at::Tensor rope = ropeOfFrames(config, clips.pixels, frames).to(device);
    const at::Tensor velocity = wanForward(config, cast, rope, input, {}, attention);
    return at::mse_loss(velocity.to(at::kFloat), (noise - pixels).to(device));
  };
}

void writeVideoModel(const std::filesystem::path& folder, const WanConfig& config, const TensorMap& weights,
                     const ClipShape& shape) {
  nlohmann::json json = wanConfigToJson(config);
  json["guidance_scale"] = kVideoGuidance;
  json["sample_frames"] = shape.frames;
  json["sample_height"] = shape.size;
  json["sample_width"] = shape.size;
  TensorMap transformer = weights;
  const TensorMap embeds = {{kLabelEmbeds, weights.at(kLabelEmbeds)}};
  transformer.erase(kLabelEmbeds);
  writePipeline(folder, "WanPipeline", json, uniPcScheduler(), transformer);
  writeSafetensors(folder / "label_embeds.safetensors", toHalf(embeds));
}

}  // namespace ditscope::collector::train
