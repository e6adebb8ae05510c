// SPDX-License-Identifier: Apache-2.0
// What a record needs of a call on a GPU, brought to the host without waiting for the GPU.
#pragma once

#include "collector/recorder.h"

namespace ditscope::collector::cuda {

// Reduces outputs and row log-masses to a number a head on the device, starts the copies of what else the
// recorder reads into pinned memory, and lets go of all other tensors, so that a step's calls do not pile up
// on the device. The values are there once the current stream has come to this place. Tensors that are in
// host memory already stay as they are.
void bringToHost(Observation& seen);

// [H] f32, as rowEntropy() of head_statistics.h: rowLogMass [1, H, t, Nq], lse [1, H, Nq].
[[nodiscard]] at::Tensor rowEntropies(const at::Tensor& rowLogMass, const at::Tensor& lse);
// [H] f32, as relativeL1(): [1, H, Nq, D] both.
[[nodiscard]] at::Tensor relativeErrors(const at::Tensor& out, const at::Tensor& dense);

}  // namespace ditscope::collector::cuda
