// SPDX-License-Identifier: Apache-2.0
// Stands in for kernels/cuda/launch_kernel.cuh in the emulator.
#pragma once

#include "kernels/cuda/launch.h"
#include "tests/device/soft/cuda_names.h"

namespace ditscope::kernels::cuda {

template <class... Parameters, class... Arguments>
void launchKernel(const char*, void (*kernel)(Parameters...), dim3 grid, int threads, int bytes, cudaStream_t,
                  const Arguments&... arguments) {
  soft::runGrid({grid.x, grid.y, grid.z}, threads, bytes, [&] { kernel(arguments...); });
}

}  // namespace ditscope::kernels::cuda
