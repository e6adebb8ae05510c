// SPDX-License-Identifier: Apache-2.0
// The demo video model: a small Wan transformer on pixels, trained by flow matching. Its "text" is a learned
// sequence of vectors for each class, the tensor label_embeds [11, L, text_dim]; row 10 stands for "no
// class".
#pragma once

#include "collector/models/wan.h"
#include "collector/train/trainer.h"

namespace ditscope::collector::train {

inline constexpr const char* kLabelEmbeds = "label_embeds";

WanConfig demoVideoConfig();

// Initial weights of the transformer and label_embeds; modulation and output start at zero.
TensorMap initVideoModel(const WanConfig& config, uint64_t seed);

// Flow matching on rendered clips: x_t = (1 - t) x + t noise, target noise - x, t logit-normal and shifted,
// the label dropped in one clip of ten. `dtype`: of the matrix products. `garments` must outlive the
// function.
LossFunction videoLoss(const WanConfig& config, GarmentSizes& garments, at::ScalarType dtype);

// A pipeline folder with label_embeds.safetensors beside the transformer; `shape` becomes its usual clip.
void writeVideoModel(const std::filesystem::path& folder, const WanConfig& config, const TensorMap& weights,
                     const ClipShape& shape);

}  // namespace ditscope::collector::train
