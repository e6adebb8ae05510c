// SPDX-License-Identifier: Apache-2.0
// Everything that a training run needs to go on where it stopped, as one safetensors file.
#pragma once

#include <cstdint>
#include <filesystem>

#include "collector/denoiser.h"

namespace ditscope::collector::train {

struct TrainState {
  TensorMap weights, average, mean, square;  // f32, same names
  int64_t steps = 0;
  int64_t phase = 0;       // index of the running phase
  int64_t phaseSteps = 0;  // done in it
  double phaseSeconds = 0;
  double seconds = 0;
  double loss = 0;  // running mean
};

TrainState freshTrainState(const TensorMap& weights);
TensorMap toDevice(const TensorMap& tensors, at::Device device);  // detached copies

void writeTrainState(const std::filesystem::path& file, const TrainState& state);
TrainState readTrainState(const std::filesystem::path& file);  // throws db::Error

}  // namespace ditscope::collector::train
