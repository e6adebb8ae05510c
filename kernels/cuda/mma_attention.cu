// SPDX-License-Identifier: Apache-2.0
#include "kernels/cuda/launch_kernel.cuh"
#include "kernels/cuda/mma_attention.cuh"

namespace ditscope::kernels::cuda {
namespace {

template <class T, int kDim, int kKeys, int kTiles, bool kInstrumented>
void launch(const DeviceArgs& args, cudaStream_t stream) {
  const auto kernel = mmaAttention<T, kDim, kKeys, kTiles, kInstrumented>;
  const int bytes = MmaBlock<T, kDim, kKeys, kTiles, kInstrumented>::sharedBytes(args.qBlock);
  launchKernel("attention (mma)", kernel, args.items, args.qBlock * 2 / kTiles, bytes, stream, args);
}

template <class T, int kDim, int kKeys>
void chooseInstrumented(const DeviceArgs& args, cudaStream_t stream) {
  const StatsOut& stats = args.stats;
  const bool instrumented =
      args.skip.kind != SkipRule::Kind::None || stats.gap || stats.rowLogMass || args.stamps;
  if (instrumented) return launch<T, kDim, kKeys, 1, true>(args, stream);
  constexpr int kTiles = kKeys == 64 && kDim != 80 ? 2 : 1;  // for two of D = 80 the registers do not suffice
  if (args.qBlock == 128) return launch<T, kDim, kKeys, kTiles, false>(args, stream);
  launch<T, kDim, kKeys, 1, false>(args, stream);
}

template <class T, int kDim>
void chooseKeys(const DeviceArgs& args, cudaStream_t stream) {
  if (args.kBlock == 32) return chooseInstrumented<T, kDim, 32>(args, stream);
  if (args.kBlock == 64) return chooseInstrumented<T, kDim, 64>(args, stream);
  chooseInstrumented<T, kDim, 128>(args, stream);
}

template <class T>
void chooseDim(const DeviceArgs& args, cudaStream_t stream) {
  if (args.dim <= 64) return chooseKeys<T, 64>(args, stream);
  if (args.dim <= 80) return chooseKeys<T, 80>(args, stream);
  chooseKeys<T, 128>(args, stream);
}

}  // namespace

void launchMma(const DeviceArgs& args, cudaStream_t stream) {
  args.dtype == DType::BF16 ? chooseDim<__nv_bfloat16>(args, stream) : chooseDim<__half>(args, stream);
}

}  // namespace ditscope::kernels::cuda
