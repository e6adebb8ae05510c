// SPDX-License-Identifier: Apache-2.0
#include "kernels/cuda/launch_kernel.cuh"
#include "kernels/cuda/list_walk.cuh"

namespace ditscope::kernels::cuda {
namespace {

// What the lists alone tell: a CTA for each query block. Blocks that the loop skips are taken back by the
// kernel.
__global__ void markVisits(const __grid_constant__ DeviceArgs args) {
  const Item item(args, int(blockIdx.x));
  const StatsOut& stats = args.stats;
  float* gap = stats.gap ? stats.gap + int64_t(blockIdx.x) * args.kBlocks : nullptr;
  uint32_t* kept =
      stats.keptBits ? stats.keptBits + int64_t(blockIdx.x) * ((args.kBlocks + 31) / 32) : nullptr;
  for (int t = int(threadIdx.x); gap && t < args.kBlocks; t += int(blockDim.x)) gap[t] = NAN;
  __syncthreads();
  ListWalk walk(args, item, int(threadIdx.x), int(blockDim.x));
  Visit visit;
  unsigned visited = 0, partial = 0;
  while (walk.next(visit)) {
    if (gap) gap[visit.keyBlock] = -INFINITY;  // warps raise it
    if (kept) atomicOr(kept + visit.keyBlock / 32, 1u << (visit.keyBlock % 32));
    ++visited;
    partial += visit.bits != nullptr;
  }
  if (!stats.counters) return;
  visited = __reduce_add_sync(0xffffffffu, visited);
  partial = __reduce_add_sync(0xffffffffu, partial);
  if (threadIdx.x % 32 != 0) return;
  auto* counters = reinterpret_cast<unsigned long long*>(stats.counters + item.head * 4);
  atomicAdd(counters, static_cast<unsigned long long>(visited));
  if (partial) atomicAdd(counters + 2, static_cast<unsigned long long>(partial));
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
  if ((stats.gap || stats.keptBits || stats.counters) && args.items > 0)
    launchKernel("visits", markVisits, args.items, 128, 0, stream, args);
  const bool allVisited =
      !args.hasList && args.skip.kind == SkipRule::Kind::None && args.usableBlocks == args.kBlocks;
  const int64_t codes = heads * args.kBlocks * args.queries;
  if (stats.rowLogMass && !allVisited && codes > 0)
    launchKernel("log masses", fillNotVisited, 1024, 256, 0, stream, stats.rowLogMass, codes);
}

}  // namespace ditscope::kernels::cuda
