// SPDX-License-Identifier: Apache-2.0
#include "kernels/cuda/attention_cuda.h"
#include "kernels/cuda/launch_kernel.cuh"

namespace ditscope::kernels {
namespace {

constexpr float kLog2e = 1.442695040888963f;

// A CTA of 128 threads sums the rows of one query block for one key block.
__global__ void blockMass(const __grid_constant__ BlockMassArgs args, int64_t qBlocks) {
  const int64_t t = blockIdx.x % args.keyBlocks;
  const int64_t g = blockIdx.x / args.keyBlocks;
  const int64_t head = blockIdx.y;
  const int64_t row = g * args.qBlock + int64_t(threadIdx.x);
  float mass = 0;
  if (int(threadIdx.x) < args.qBlock && row < args.queries) {
    const int16_t code = args.rowLogMass[(head * args.keyBlocks + t) * args.queries + row];
    const float lse = args.lse[head * args.queries + row];
    if (code > kNotVisited + 1 && lse != -INFINITY) mass = exp2f(float(code) / 256.0f - lse * kLog2e);
  }
  for (int step = 16; step > 0; step /= 2) mass += __shfl_down_sync(0xffffffffu, mass, step);
  __shared__ float warps[4];
  if (threadIdx.x % 32 == 0) warps[threadIdx.x / 32] = mass;
  __syncthreads();
  if (threadIdx.x == 0) {
    const float rows = float(min(int64_t(args.qBlock), args.queries - g * args.qBlock));
    args.mass[(head * qBlocks + g) * args.keyBlocks + t] = (warps[0] + warps[1] + warps[2] + warps[3]) / rows;
  }
}

}  // namespace

void blockMassCuda(const BlockMassArgs& args, CUstream_st* stream) {
  const int64_t qBlocks = (args.queries + args.qBlock - 1) / args.qBlock;
  if (qBlocks * args.keyBlocks * args.batchHeads == 0) return;
  const dim3 grid(unsigned(qBlocks * args.keyBlocks), unsigned(args.batchHeads));
  cuda::launchKernel("block mass", blockMass, grid, 128, 0, stream, args, qBlocks);
}

}  // namespace ditscope::kernels
