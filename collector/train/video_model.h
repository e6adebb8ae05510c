// SPDX-License-Identifier: Apache-2.0
// The demo video model: a small Wan transformer on pixels, trained by flow matching. Its "text" is a learned
// sequence of vectors for each class, the tensor label_embeds [11, L, text_dim]; row 10 stands for "no
// class".
#pragma once

#include "collector/models/wan.h"
#include "collector/train/trainer.h"

namespace ditscope::collector::train {

inline constexpr const char* kLabelEmbeds = "label_embeds";
inline constexpr int64_t kNoLabel = kClasses;

WanConfig demoVideoConfig();

// Initial weights of the transformer and label_embeds: Xavier matrices; modulation and output start at zero.
TensorMap initVideoModel(const WanConfig& config, uint64_t seed);

// Copies with the matrices in `dtype`, differentiable; what must stay f32 is passed through.
TensorMap computeWeights(const TensorMap& weights, at::ScalarType dtype);

// Flow matching on rendered clips: x_t = (1 - t) x + t noise, target noise - x, t logit-normal and shifted,
// the label dropped in one clip of ten. `dtype`: of the matrix products.
LossFunction videoLoss(const WanConfig& config, GarmentSizes& garments, at::ScalarType dtype);

struct SampleOptions {
  ClipShape shape;
  int steps = 20;
  double shift = 3;     // of the flow-matching noise levels
  double guidance = 3;  // 1 switches it off
  uint64_t seed = 1;
};

// One clip a label, by Euler steps from noise: [B, 1, T, S, S].
at::Tensor sampleClips(const WanConfig& config, const TensorMap& weights, const at::Tensor& labels,
                       const SampleOptions& options);

}  // namespace ditscope::collector::train
