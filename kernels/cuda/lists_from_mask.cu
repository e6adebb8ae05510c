// SPDX-License-Identifier: Apache-2.0
// Mask to lists in three launches: count each row, sum, fill.
#include "kernels/cuda/launch_kernel.cuh"
#include "kernels/cuda/mask_search_cuda.h"
#include "kernels/cuda/warp_ops.cuh"

namespace ditscope::kernels {
namespace {

constexpr int kWarps = 4;  // of a CTA; each takes a row
constexpr int kScanThreads = 1024;

struct ListArgs {
  const uint8_t* kept;
  int32_t* rowStart;
  uint32_t* entry;
  int32_t rows, length;
};

// Calls use(key block, how many are kept before it) for each kept block, in order; returns their number.
// Called by whole warps.
template <class Use>
__device__ int forEachKept(const ListArgs& args, int row, Use use) {
  const int lane = int(threadIdx.x) % 32;
  int before = 0;
  for (int first = 0; first < args.length; first += 32) {
    const int t = first + lane;
    const bool isKept = t < args.length && args.kept[int64_t(row) * args.length + t];
    const unsigned votes = cuda::ballot(isKept);
    if (isKept) use(t, before + cuda::countBits(votes & ((1u << lane) - 1)));
    before += cuda::countBits(votes);
  }
  return before;
}

__global__ void countRows(const __grid_constant__ ListArgs args) {
  const int row = int(blockIdx.x) * kWarps + int(threadIdx.x) / 32;
  if (row >= args.rows) return;
  const int count = forEachKept(args, row, [](int, int) {});
  if (threadIdx.x % 32 == 0) args.rowStart[row + 1] = count;
}

// Counts become offsets. One CTA; each thread sums a run of rows.
__global__ void sumRows(const __grid_constant__ ListArgs args) {
  __shared__ int32_t sums[kScanThreads];
  const int i = int(threadIdx.x);
  const int run = (args.rows + kScanThreads - 1) / kScanThreads;
  const int first = i * run;
  const int end = min(first + run, args.rows);
  int32_t own = 0;
  for (int row = first; row < end; ++row) own += args.rowStart[row + 1];
  sums[i] = own;
  for (int step = 1; step < kScanThreads; step *= 2) {
    __syncthreads();
    const int32_t left = i >= step ? sums[i - step] : 0;
    __syncthreads();
    sums[i] += left;
  }
  int32_t offset = sums[i] - own;
  for (int row = first; row < end; ++row) {
    offset += args.rowStart[row + 1];
    args.rowStart[row + 1] = offset;
  }
  if (i == 0) args.rowStart[0] = 0;
}

__global__ void fillRows(const __grid_constant__ ListArgs args) {
  const int row = int(blockIdx.x) * kWarps + int(threadIdx.x) / 32;
  if (row >= args.rows) return;
  uint32_t* to = args.entry + args.rowStart[row];
  forEachKept(args, row, [&](int keyBlock, int place) { to[place] = uint32_t(keyBlock); });
}

}  // namespace

void listsFromMaskCuda(const BlockGrid& grid, const uint8_t* kept, int32_t* rowStart, uint32_t* entry,
                       CUstream_st* stream) {
  const ListArgs args{kept, rowStart, entry, int32_t(grid.lists * grid.qBlocks), int32_t(grid.kBlocks)};
  const unsigned ctas = unsigned((args.rows + kWarps - 1) / kWarps);
  if (ctas > 0) cuda::launchKernel("lists", countRows, ctas, kWarps * 32, 0, stream, args);
  cuda::launchKernel("lists", sumRows, 1, kScanThreads, 0, stream, args);
  if (ctas > 0) cuda::launchKernel("lists", fillRows, ctas, kWarps * 32, 0, stream, args);
}

}  // namespace ditscope::kernels
