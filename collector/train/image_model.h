// SPDX-License-Identifier: Apache-2.0
// The demo image model: a small class-conditional DiT on pixels that predicts the noise of a diffusion
// with linear betas (DDPM). Label 10 stands for "no class".
#pragma once

#include "collector/models/dit.h"
#include "collector/train/trainer.h"

namespace ditscope::collector::train {

DitConfig demoImageConfig();

// Modulation and output start at zero.
TensorMap initImageModel(const DitConfig& config, uint64_t seed);

// Noise prediction on rendered frames, t uniform, the label dropped in one frame of ten. `dtype`: of the
// matrix products. `garments` must outlive the function. Phases have one frame.
LossFunction imageLoss(const DitConfig& config, GarmentSizes& garments, at::ScalarType dtype);

void writeImageModel(const std::filesystem::path& folder, const DitConfig& config, const TensorMap& weights);

}  // namespace ditscope::collector::train
