// SPDX-License-Identifier: Apache-2.0
// Chooses among the compiled Wgmma kernels; each head dimension is a file of its own, so that they compile
// side by side.
#pragma once

#include <algorithm>

#include "kernels/cuda/launch_kernel.cuh"
#include "kernels/cuda/wgmma_attention.cuh"

namespace ditscope::kernels::cuda {

template <int kDim>
void launchWgmmaDim(const DeviceArgs& args, cudaStream_t stream);

template <class T, int kDim, int kKeys, int kConsumers, Observe kObserve>
void launchPersistent(const DeviceArgs& args, cudaStream_t stream) {
  using Budget = HopperBudget<kDim, kKeys, kConsumers>;
  const auto kernel = wgmmaAttention<T, kDim, kKeys, kConsumers, kObserve>;
  constexpr int kBytes = HopperShared<kDim, kKeys, kConsumers, Budget::kStages>::kBytes;
  int device = 0;
  int processors = 0;
  check(cudaGetDevice(&device), "device");
  check(cudaDeviceGetAttribute(&processors, cudaDevAttrMultiProcessorCount, device), "device");
  const int grid = std::min(args.items, processors * Budget::kCtas);
  launchKernel("attention (wgmma)", kernel, grid, 128 * (kConsumers + 1), kBytes, stream, args,
               makeHopperMaps(args));
}

template <class T, int kDim, int kKeys, int kConsumers>
void chooseObserve(const DeviceArgs& args, cudaStream_t stream) {
  const StatsOut& stats = args.stats;
  if (args.skip.kind != SkipRule::Kind::None)
    return launchPersistent<T, kDim, kKeys, kConsumers, Observe::Skips>(args, stream);
  if (stats.rowLogMass) return launchPersistent<T, kDim, kKeys, kConsumers, Observe::LogMass>(args, stream);
  if (stats.gap) return launchPersistent<T, kDim, kKeys, kConsumers, Observe::Gap>(args, stream);
  launchPersistent<T, kDim, kKeys, kConsumers, Observe::Nothing>(args, stream);
}

template <class T, int kDim>
void chooseBlocks(const DeviceArgs& args, cudaStream_t stream) {
  if (args.qBlock == 128) return chooseObserve<T, kDim, 128, 2>(args, stream);
  chooseObserve<T, kDim, 64, 1>(args, stream);
}

template <int kDim>
void launchWgmmaDim(const DeviceArgs& args, cudaStream_t stream) {
  args.dtype == DType::BF16 ? chooseBlocks<__nv_bfloat16, kDim>(args, stream)
                            : chooseBlocks<__half, kDim>(args, stream);
}

}  // namespace ditscope::kernels::cuda
