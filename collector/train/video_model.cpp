// SPDX-License-Identifier: Apache-2.0
#include "collector/train/video_model.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <c10/core/GradMode.h>

#include <cmath>

#include "collector/models/blocks.h"
#include "collector/train/fused_attention.h"

namespace ditscope::collector::train {
namespace {

constexpr int64_t kTextTokens = 4;
constexpr double kLabelDrop = 0.1;
constexpr double kTimesteps = 1000;  // the model sees t * 1000

at::Tensor ropeFor(const WanConfig& config, const at::Tensor& latents) {
  return wanRope(config, wanTokenGrid(config, latents), latents.device());
}

at::Tensor shifted(const at::Tensor& t, double shift) {
  return shift * t / (1 + (shift - 1) * t);
}

at::Tensor xavier(at::IntArrayRef shape, at::Generator& random) {
  const double out = static_cast<double>(shape[0]);
  const double in = static_cast<double>(c10::multiply_integers(shape)) / out;
  return at::randn(shape, random, at::kFloat) * std::sqrt(2 / (in + out));
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
  TensorMap weights;
  for (const auto& [name, shape] : wanParameterShapes(config)) {
    const bool norm = name.find("norm") != std::string::npos && name.ends_with("weight");
    const bool zero = name.find("time_proj") != std::string::npos ||
                      name.find("proj_out") != std::string::npos ||
                      name.find("scale_shift_table") != std::string::npos || name.ends_with("bias");
    weights[name] = norm   ? at::ones(shape, at::kFloat)
                    : zero ? at::zeros(shape, at::kFloat)
                           : xavier(shape, random);
  }
  weights[kLabelEmbeds] = at::randn({kClasses + 1, kTextTokens, config.textDim}, random, at::kFloat);
  return weights;
}

TensorMap computeWeights(const TensorMap& weights, at::ScalarType dtype) {
  TensorMap cast;
  for (const auto& [name, tensor] : weights) cast[name] = wanKeepsFloat(name) ? tensor : tensor.to(dtype);
  return cast;
}

LossFunction videoLoss(const WanConfig& config, GarmentSizes& garments, at::ScalarType dtype) {
  return [=, &garments](const TensorMap& weights, const Phase& phase, uint64_t seed) {
    const Clips clips =
        renderClips(garments.ofSide(phase.shape.garmentSide()), phase.shape, phase.batch, seed);
    at::Generator random = at::detail::createCPUGenerator(seed);
    const at::Tensor noise = at::randn(clips.pixels.sizes(), random, at::kFloat);
    const at::Tensor t = shifted(at::sigmoid(at::randn({phase.batch}, random, at::kFloat)), phase.shift);
    const at::Tensor drop = at::rand({phase.batch}, random, at::kFloat) < kLabelDrop;

    const at::Device device = weights.begin()->second.device();
    const at::Tensor wide = t.view({-1, 1, 1, 1, 1});
    DenoiserInput input;
    input.latents = ((1 - wide) * clips.pixels + wide * noise).to(device);
    input.timestep = (t * kTimesteps).to(device);
    const TensorMap cast = computeWeights(weights, dtype);
    input.text = cast.at(kLabelEmbeds).index_select(0, clips.labels.masked_fill(drop, kNoLabel).to(device));
    FusedAttention attention;
    const at::Tensor out = wanForward(config, cast, ropeFor(config, input.latents), input, {}, attention);
    return at::mse_loss(out.to(at::kFloat), (noise - clips.pixels).to(device));
  };
}

at::Tensor sampleClips(const WanConfig& config, const TensorMap& weights, const at::Tensor& labels,
                       const SampleOptions& options) {
  const c10::NoGradGuard noGrad;
  const at::Device device = weights.begin()->second.device();
  at::Generator random = at::detail::createCPUGenerator(options.seed);
  const int64_t size = options.shape.size;
  at::Tensor x =
      at::randn({labels.size(0), 1, options.shape.frames, size, size}, random, at::kFloat).to(device);
  const at::Tensor& embeds = weights.at(kLabelEmbeds);
  const at::Tensor cond = embeds.index_select(0, labels.to(device));
  const at::Tensor uncond = embeds.index_select(0, at::full_like(labels, kNoLabel).to(device));
  const at::Tensor sigma = shifted(at::linspace(1, 0, options.steps + 1, at::kDouble), options.shift);
  const at::Tensor rope = ropeFor(config, x);
  FusedAttention attention;
  for (int64_t i = 0; i < options.steps; ++i) {
    const double now = sigma[i].item<double>();
    const double next = sigma[i + 1].item<double>();
    const at::Tensor t = at::full({labels.size(0)}, now * kTimesteps, x.options());
    const auto velocity = [&](const at::Tensor& text) {
      return wanForward(config, weights, rope, {x, t, text, {}}, {}, attention).to(at::kFloat);
    };
    at::Tensor v = velocity(cond);
    if (options.guidance > 1) {
      const at::Tensor base = velocity(uncond);
      v = base + options.guidance * (v - base);
    }
    x = x + (next - now) * v;
  }
  return x.cpu();
}

}  // namespace ditscope::collector::train
