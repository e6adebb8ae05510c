// SPDX-License-Identifier: Apache-2.0
// AdamW (Loshchilov, Hutter 2019) with gradient clipping by the global norm, and an exponential moving
// average of the weights. All state is f32 and lies in maps with the parameters' names.
#pragma once

#include "collector/denoiser.h"

namespace ditscope::collector::train {

struct AdamWOptions {
  double beta1 = 0.9;
  double beta2 = 0.99;
  double eps = 1e-8;
  double weightDecay = 0.01;  // of tensors with two or more axes
  double clipNorm = 1.0;
};

class AdamW {
 public:
  AdamW(TensorMap parameters, const AdamWOptions& options);
  AdamW(TensorMap parameters, const AdamWOptions& options, TensorMap mean, TensorMap square, int64_t steps);

  // Uses and then drops the gradients of the parameters. Returns the gradient norm before clipping.
  double step(double learningRate);
  [[nodiscard]] int64_t steps() const { return m_steps; }
  [[nodiscard]] const TensorMap& mean() const { return m_mean; }
  [[nodiscard]] const TensorMap& square() const { return m_square; }

 private:
  TensorMap m_parameters;
  AdamWOptions m_options;
  TensorMap m_mean, m_square;
  int64_t m_steps = 0;
};

// average += (1 - d) * (parameter - average), d = min(decay, (1 + steps) / (10 + steps)).
void updateAverage(TensorMap& average, const TensorMap& parameters, double decay, int64_t steps);

}  // namespace ditscope::collector::train
