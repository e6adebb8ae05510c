// SPDX-License-Identifier: Apache-2.0
#include "kernels/cuda/launch.h"
#include "kernels/cuda/list_walk.cuh"

namespace ditscope::kernels::cuda {
namespace {

// Warps report the maximum of their rows' gaps (atomicMaxFloat), which starts at -inf where there is a visit.
__global__ void prepareGaps(const __grid_constant__ DeviceArgs args) {
  const Item item(args, int(blockIdx.x));
  float* gap = args.stats.gap + int64_t(blockIdx.x) * args.kBlocks;
  for (int t = int(threadIdx.x); t < args.kBlocks; t += int(blockDim.x)) gap[t] = NAN;
  __syncthreads();
  ListWalk walk(args, item);
  Visit visit;
  for (int i = 0; walk.next(visit); ++i)
    if (i % int(blockDim.x) == int(threadIdx.x)) gap[visit.keyBlock] = -INFINITY;
}

__global__ void fillNotVisited(int16_t* codes, int64_t count) {
  const int64_t step = int64_t(gridDim.x) * blockDim.x;
  for (int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; i < count; i += step)
    codes[i] = kNotVisited;
}

}  // namespace

void prepareStats(const DeviceArgs& args, cudaStream_t stream) {
  const StatsOut& stats = args.stats;
  const int64_t heads = int64_t(args.batches) * args.heads;
  if (stats.keptBits) {
    const int64_t words = heads * args.qBlocks * ((args.kBlocks + 31) / 32);
    check(cudaMemsetAsync(stats.keptBits, 0, size_t(words) * 4, stream), "kept bits");
  }
  if (stats.counters) check(cudaMemsetAsync(stats.counters, 0, size_t(heads) * 32, stream), "counters");
  if (stats.gap && args.items > 0) {
    prepareGaps<<<args.items, 128, 0, stream>>>(args);
    check(cudaGetLastError(), "gaps");
  }
  const bool allVisited = !args.hasList && args.skip.kind == SkipRule::Kind::None && args.usableBlocks == args.kBlocks;
  const int64_t codes = heads * args.kBlocks * args.queries;
  if (stats.rowLogMass && !allVisited && codes > 0) {
    fillNotVisited<<<1024, 256, 0, stream>>>(stats.rowLogMass, codes);
    check(cudaGetLastError(), "log masses");
  }
}

}  // namespace ditscope::kernels::cuda
