// SPDX-License-Identifier: Apache-2.0
// How good a demo model's samples are: generated through the very loader, samplers and guidance that
// ditscope-collect uses, named by a classifier that was trained on real frames, and shown as a contact sheet.
#pragma once

#include <array>
#include <filesystem>

#include "collector/image_file.h"
#include "collector/train/classifier.h"

namespace ditscope::collector::train {

struct EvaluationOptions {
  std::filesystem::path model;
  int clipsPerClass = 4;
  int steps = 20;
  double guidance = 0;  // 0: as the model's config.json says
  uint64_t seed = 1;
};

struct Quality {
  double real = 0;                         // accuracy on frames rendered from garments that nobody trained on
  double generated = 0;                    // on generated frames
  std::array<double, kClasses> byClass{};  // on generated frames
};

// `labels` [B]; returns [B, 1, T, S, S], one clip a label (T = 1 for an image model).
at::Tensor generateClips(const EvaluationOptions& options, const at::Tensor& labels);

Quality judge(const TensorMap& classifier, const at::Tensor& clips, const at::Tensor& labels,
              GarmentSizes& unseen);

// One row for each class: the frames of a generated clip, a gap, the frames of a real one. Clips: [10, ...].
Image contactSheet(const at::Tensor& generated, const at::Tensor& real);

// The first rendered clip of each class, in order of the classes.
at::Tensor oneRealClipEach(GarmentSizes& garments, const ClipShape& shape, uint64_t seed);

}  // namespace ditscope::collector::train
