// SPDX-License-Identifier: Apache-2.0
#include "collector/train/classifier.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <c10/core/GradMode.h>

#include "collector/models/blocks.h"
#include "collector/train/demo_weights.h"

namespace ditscope::collector::train {
namespace {

constexpr double kNoise = 0.1;

at::Tensor halved(const at::Tensor& x, const Weights& w) {  // width and height
  return at::relu(at::conv2d(x, w["weight"], w["bias"], 2, 1));
}

}  // namespace

TensorMap initClassifier(uint64_t seed) {
  at::Generator random = at::detail::createCPUGenerator(seed);
  const ParameterShapes shapes = {{"conv1.weight", {16, 1, 3, 3}},   {"conv1.bias", {16}},
                                  {"conv2.weight", {32, 16, 3, 3}},  {"conv2.bias", {32}},
                                  {"conv3.weight", {64, 32, 3, 3}},  {"conv3.bias", {64}},
                                  {"head.weight", {10, 64 * 4 * 4}}, {"head.bias", {10}}};
  return initWeights(
      shapes, [](const std::string&) { return false; }, random);
}

at::Tensor classLogits(const TensorMap& weights, const at::Tensor& frames) {
  const Weights w(weights);
  const at::Tensor x = halved(halved(halved(frames, w.at("conv1")), w.at("conv2")), w.at("conv3"));
  return linear(x.flatten(1), w.at("head"));
}

LossFunction classifierLoss(GarmentSizes& garments) {
  return [&garments](const TensorMap& weights, const Phase& phase, uint64_t seed) {
    const Clips clips =
        renderClips(garments.ofSide(phase.shape.garmentSide()), phase.shape, phase.batch, seed);
    at::Generator random = at::detail::createCPUGenerator(seed);
    const at::Tensor frames = clips.pixels.select(2, 0);
    const at::Tensor noisy = frames + kNoise * at::randn(frames.sizes(), random, at::kFloat);
    const at::Device device = weights.begin()->second.device();
    return at::cross_entropy_loss(classLogits(weights, noisy.to(device)), clips.labels.to(device));
  };
}

at::Tensor recognised(const TensorMap& weights, const at::Tensor& clips, const at::Tensor& labels) {
  const c10::NoGradGuard noGrad;
  const int64_t frames = clips.size(2);
  const at::Tensor pictures = clips.transpose(1, 2).flatten(0, 1);  // [B * T, 1, 32, 32]
  const at::Tensor named = classLogits(weights, pictures).argmax(-1).view({-1, frames});
  return named.eq(labels.unsqueeze(1)).to(at::kFloat);
}

}  // namespace ditscope::collector::train
