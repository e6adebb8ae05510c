// SPDX-License-Identifier: Apache-2.0
// One generation: the loop over steps, with classifier-free guidance as the model's pipeline does it.
// guided = u + g (c - u), when g > 1. DiT: one forward of [cond, uncond], guidance on the noise channels
// alone, variance channels dropped. Wan: two forwards, cond first.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>

#include "collector/denoiser.h"
#include "collector/run_clock.h"
#include "collector/samplers/sampler.h"

namespace ditscope::collector {

struct SamplingRequest {
  at::Tensor noise;       // latents before the first step; batch size 1
  at::Tensor text;        // [1, L, text_dim]; text-conditional models
  at::Tensor uncondText;  // likewise, of the unconditional branch; used when guidance > 1
  int64_t label = 0;      // class-conditional models
  double guidance = 1;
  int onlyFirst = 0;  // steps of the schedule that are run; 0 = all
};

// The denoiser's predictions of a step, [1, C, ...] without variance channels, of both branches of guidance.
struct Prediction {
  at::Tensor cond;
  at::Tensor uncond;  // undefined without guidance

  [[nodiscard]] at::Tensor guided(double guidance) const;
};
Prediction predict(Denoiser& denoiser, AttentionBackend& attention, const SamplingRequest& request,
                   const at::Tensor& latents, int step, double timestep);

// After each step, with its times and the latents that it made; undefined for the step that was broken off.
using StepDone = std::function<void(const db::Step& step, const at::Tensor& latents)>;

// Returns the final latents; undefined when the attention threw Interrupted, which breaks the run off.
at::Tensor sample(Denoiser& denoiser, Sampler& sampler, AttentionBackend& attention,
                  const SamplingRequest& request, const RunClock& clock, const StepDone& done = {});

// N(0, 1) noise from the CPU generator, the same for a seed on every machine with the same LibTorch.
at::Tensor seededNoise(at::IntArrayRef shape, uint64_t seed);

}  // namespace ditscope::collector
