// SPDX-License-Identifier: Apache-2.0
// DiTFastAttn's plan search (arXiv 2406.08552, section 3.3): in a real sampling run, each step tries for each
// layer the cheapest treatment first, and takes the first one that changes the denoiser's prediction by less
// than the layer's part of the threshold:
//   loss(prediction of full attention, prediction) < threshold (layer + 1) / layers
// Layers before it keep what they were given, so that later ones may add to the loss; the step then runs once
// more with what was chosen. The first step is full. The plan is one for all samples; the loss is their mean.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "collector/methods/compression_plan.h"
#include "collector/sampling_run.h"

namespace ditscope::collector {

struct PlanSearchOptions {
  double threshold = 0.1;  // the paper's delta
  double window = 0.125;   // of the plan, see CompressionPlan
  int block = 64;          // of the kernel's lists
};

struct CalibrationSample {
  SamplingRequest request;
  std::unique_ptr<Sampler> sampler;  // all of the same steps
};

struct PlanSearchResult {
  CompressionPlan plan;
  int searchedSteps = 0;            // fewer than all when it was stopped; the rest is full attention
  std::vector<at::Tensor> latents;  // final ones of each sample; undefined when it was stopped
};

// Called after each layer of each step. Steps have `layers` of them.
using PlanSearchProgress = std::function<void(int step, int layer)>;

// `stop` is asked before each attention call; once it is true the search ends with what it has.
PlanSearchResult searchPlan(Denoiser& denoiser, std::vector<CalibrationSample> samples,
                            const PlanSearchOptions& options, const PlanSearchProgress& progress = {},
                            const std::function<bool()>& stop = {});

// The influence metric: mean of clip(|(a - b) / (max(a, b) + 1e-6)|, 0, 10), in fp64. The maximum keeps its
// sign, as in the authors' code.
[[nodiscard]] double influence(const at::Tensor& full, const at::Tensor& compressed);

}  // namespace ditscope::collector
