// SPDX-License-Identifier: Apache-2.0
#include "kernels/cuda/wgmma_launch.cuh"

namespace ditscope::kernels::cuda {
template void launchWgmmaDim<64>(const DeviceArgs& args, cudaStream_t stream);
}  // namespace ditscope::kernels::cuda
