// SPDX-License-Identifier: Apache-2.0
// A small convolutional classifier of single 32 x 32 frames, trained on rendered real frames: the judge of
// generated ones.
#pragma once

#include "collector/train/trainer.h"

namespace ditscope::collector::train {

TensorMap initClassifier(uint64_t seed);

// frames: [B, 1, 32, 32] in [-1, 1]; returns [B, 10].
at::Tensor classLogits(const TensorMap& weights, const at::Tensor& frames);

// Cross-entropy on rendered frames, with a little noise added so that it judges shapes and not exact pixels.
LossFunction classifierLoss(GarmentSizes& garments);

// Share of frames whose class the classifier names as `labels` [B] do. frames: [B, 1, T, 32, 32]; every frame
// of a clip counts. Returns 0/1 [B, T].
at::Tensor recognised(const TensorMap& weights, const at::Tensor& clips, const at::Tensor& labels);

}  // namespace ditscope::collector::train
