// SPDX-License-Identifier: Apache-2.0
// The training loop: phases of growing clips, AdamW, warm-up and cosine learning rate, moving average,
// checkpoints. What is trained is a map of f32 leaf tensors; what is minimised is a function of it. Each
// step's randomness comes from (seed, step) alone, so that a resumed run draws what an unbroken one would.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "collector/denoiser.h"
#include "collector/train/clip_renderer.h"
#include "collector/train/train_state.h"

namespace ditscope::collector::train {

// One stretch of training. It ends after `steps`, or after `minutes` when steps is 0.
struct Phase {
  ClipShape shape;
  int64_t keep = 0;  // frames of each clip that a step looks at, at random; 0: all
  int64_t batch = 32;
  int64_t steps = 0;
  double minutes = 0;
  double rate = 1e-3;     // learning rate after the warm-up
  double rateEnd = 1e-3;  // at the end, reached along a half cosine
  double shift = 1;       // of the noise level towards noise

  [[nodiscard]] int64_t kept() const { return keep > 0 ? keep : shape.frames; }
};

// "frames=8,size=32,batch=16,minutes=30,rate=1e-3,end=1e-4,shift=3"; throws db::Error.
Phase parsePhase(const std::string& text);

// Share of the phase that is done; 1 and more when it is over.
double progress(const Phase& phase, const TrainState& state);

struct TrainerOptions {
  std::filesystem::path checkpoint;  // written every few minutes, read when `resume`
  bool resume = false;
  uint64_t seed = 1;
  double averageDecay = 0.999;
  at::Device device = at::kCPU;
  std::function<void(const Phase&, const TrainState&, double stepSeconds)> stepDone;
  int64_t threads = 1;  // the batch is split among them; a multiple of it
};

// The mean loss of one batch, with a graph to the weights. Called from several threads at once.
using LossFunction = std::function<at::Tensor(const TensorMap& weights, const Phase& phase, uint64_t seed)>;

struct TrainResult {
  TensorMap average;  // the moving average of the weights
  int64_t steps = 0;
  double loss = 0;     // mean over the last steps
  double minutes = 0;  // of training, over all resumed runs
  bool interrupted = false;
};

// Stops after the current step on SIGINT or SIGTERM, with the checkpoint written.
TrainResult runTraining(TensorMap weights, const std::vector<Phase>& phases, const LossFunction& loss,
                        const TrainerOptions& options);

}  // namespace ditscope::collector::train
