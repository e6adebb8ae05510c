// SPDX-License-Identifier: Apache-2.0
// Runs the launches of a method's plan and puts the heads together again.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "collector/attention_kernel.h"
#include "collector/cuda/device.h"
#include "collector/methods/method.h"
#include "collector/run_clock.h"

namespace ditscope::collector {

struct LaunchTime {
  std::vector<int64_t> heads;  // empty = all
  int64_t startNs = 0;
  int64_t kernelNs = 0;  // 0 where the output was given and no kernel ran
  // On a GPU the work may not have begun when this is written: before and after it in the stream, where
  // PlanRequest::marks asked for them. startNs is then when it was put into the stream, and kernelNs 0.
  cuda::Mark before = {}, after = {};
};

struct PlanResult {
  // Of all heads, with batch size 1. Outputs and LSE in the model's order of tokens; masks and masses in the
  // order of the head's launch. Heads whose output was given have LSE -inf and no kept block.
  KernelResult kernel;
  at::Tensor lseInOrder;  // kernel.lse in the order of the head's launch, as the rows of rowLogMass
  std::vector<LaunchTime> launches;

  [[nodiscard]] at::Tensor blockMass(int block) const;  // [1, H, g, t], of a result with rowLogMass
  [[nodiscard]] int64_t kernelNs() const;
};

struct PlanRequest {
  int block = kernels::kDefaultBlock;
  bool keptBits = false;
  bool rowLogMass = false;
  bool gaps = false;
  bool marks = false;  // for the times of launches on a GPU
};

// q: [1, H, Nq, D]; k, v: [1, H, Nk, D]. Throws db::Error when the launches do not hold every head once.
PlanResult runPlan(const Plan& plan, const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                   const PlanRequest& request, const RunClock& clock);

// The plan that computes all blocks, each head in the token order that it has in `plan`.
[[nodiscard]] Plan denseLike(const Plan& plan);

}  // namespace ditscope::collector
