// SPDX-License-Identifier: Apache-2.0
// How attentionCuda() starts each kernel. All throw std::runtime_error with CUDA's words.
#pragma once

#include <cuda_runtime.h>

#include "kernels/cuda/device_args.h"

namespace ditscope::kernels::cuda {

void check(cudaError_t status, const char* what);

void launchPlain(const DeviceArgs& args, cudaStream_t stream);
void launchMma(const DeviceArgs& args, cudaStream_t stream);
void launchWgmma(const DeviceArgs& args, cudaStream_t stream);

// Statistics as the lists alone tell them: kept bits and counters as if no block were skipped in the loop,
// -inf as the gap of a block that is visited, and no log-masses yet.
void prepareStats(const DeviceArgs& args, cudaStream_t stream);

// Fills order[items] with the work items, longest rows first, and sets *nextItem to 0; `bins` is room for
// kOrderBins + 2 integers.
inline constexpr int kOrderBins = 1024;
void orderItems(const DeviceArgs& args, int32_t* order, int32_t* nextItem, int32_t* bins,
                cudaStream_t stream);

}  // namespace ditscope::kernels::cuda
