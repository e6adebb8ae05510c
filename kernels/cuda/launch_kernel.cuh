// SPDX-License-Identifier: Apache-2.0
// How every kernel is started.
#pragma once

#include "kernels/cuda/launch.h"

namespace ditscope::kernels::cuda {

// `bytes` of dynamic shared memory. Throws std::runtime_error with CUDA's words when the kernel cannot start.
template <class... Parameters, class... Arguments>
void launchKernel(const char* what, void (*kernel)(Parameters...), dim3 grid, int threads, int bytes,
                  cudaStream_t stream, const Arguments&... arguments) {
  constexpr int kAlwaysAllowed = 48 << 10;
  if (bytes > kAlwaysAllowed)
    check(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes), what);
  kernel<<<grid, threads, bytes, stream>>>(arguments...);
  check(cudaGetLastError(), what);
}

}  // namespace ditscope::kernels::cuda
