// SPDX-License-Identifier: Apache-2.0
// What a classifier of frames says about a sample: whether it still shows what the dense sample shows, and
// what was asked for. Shares of frames, in [0, 1].
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>

#include "collector/denoiser.h"

namespace ditscope::collector::compare {

struct LabelAgreement {
  double withDense = 0;
  double withAsked = 0;
};

// The weights in a file that `ditscope-train-demo evaluate --classifier FILE` wrote. Throws db::Error.
[[nodiscard]] TensorMap readClassifier(const std::filesystem::path& file);

// Throws db::Error when the samples are not gray frames of 32 x 32, all that the classifier knows.
[[nodiscard]] LabelAgreement labelAgreement(const TensorMap& classifier, const at::Tensor& latents,
                                            const at::Tensor& denseLatents, int64_t asked);

}  // namespace ditscope::collector::compare
