// SPDX-License-Identifier: Apache-2.0
// Selection by sorting: a CTA takes a row of the map into shared memory and sorts it, heavier first, then the
// lower index (bitonic). Block counts are small enough that this costs less than the product it saves by far.
#include <algorithm>
#include <bit>
#include <stdexcept>

#include "kernels/cuda/launch_kernel.cuh"
#include "kernels/cuda/mask_search_cuda.h"
#include "kernels/cuda/warp_ops.cuh"

namespace ditscope::kernels {
namespace {

constexpr int kThreads = 256;

// Orders as (heavier first, lower index first); NaN counts as -inf.
__device__ uint64_t sortKey(float score, int index) {
  if (isnan(score)) score = -INFINITY;
  const uint32_t bits = cuda::floatBits(score == 0 ? 0.0f : score);  // -0 equals 0
  const uint32_t ascending = bits & 0x80000000u ? ~bits : bits | 0x80000000u;
  return uint64_t(~ascending) << 32 | uint32_t(index);
}

// Keys of one row, sorted; `size` is a power of two, and what is beyond the row sorts last.
__device__ uint64_t* sortRow(const float* row, int length, int size) {
  auto* keys = reinterpret_cast<uint64_t*>(cuda::dynamicShared());
  for (int i = int(threadIdx.x); i < size; i += kThreads)
    keys[i] = i < length ? sortKey(row[i], i) : ~uint64_t(0);
  for (int width = 2; width <= size; width *= 2) {
    for (int step = width / 2; step > 0; step /= 2) {
      __syncthreads();
      for (int i = int(threadIdx.x); i < size; i += kThreads) {
        const int other = i ^ step;
        if (other < i) continue;
        const bool isAscending = (i & width) == 0;
        const uint64_t a = keys[i];
        const uint64_t b = keys[other];
        if ((a > b) == isAscending) {
          keys[i] = b;
          keys[other] = a;
        }
      }
    }
  }
  __syncthreads();
  return keys;
}

struct SelectArgs {
  const float* scores = nullptr;
  uint8_t* kept = nullptr;
  int32_t length = 0, size = 0;  // key blocks of a row; the power of two that holds them
  int32_t count = 0;             // top-k
  double share = 0;              // top-p
  bool isInclusive = true;
};

__global__ void topK(const __grid_constant__ SelectArgs args) {
  const int64_t start = int64_t(blockIdx.x) * args.length;
  const uint64_t* keys = sortRow(args.scores + start, args.length, args.size);
  for (int i = int(threadIdx.x); i < args.length; i += kThreads)
    args.kept[start + uint32_t(keys[i])] = uint8_t(i < args.count);
}

// How many of the sorted blocks are kept, by the host's sums in the host's order: one thread adds.
__device__ int countTopP(const SelectArgs& args, const float* row, const uint64_t* keys) {
  constexpr double kHit = 1e-6;  // of the total
  double total = 0;
  for (int i = 0; i < args.length; ++i)
    if (row[i] > 0) total += double(row[i]);
  if (!(total > 0)) return args.length;
  const double wanted = args.share * total;
  double sum = 0;
  int kept = 0;
  for (; kept < args.length; ++kept) {
    const float score = row[uint32_t(keys[kept])];
    if (!(score > 0)) break;
    const double before = sum;
    sum += double(score);
    const bool stop = args.isInclusive ? before >= wanted - kHit * total : sum > wanted + kHit * total;
    if (stop && before > 0) break;
  }
  return kept;
}

__global__ void topP(const __grid_constant__ SelectArgs args) {
  __shared__ int kept;
  const int64_t start = int64_t(blockIdx.x) * args.length;
  const float* row = args.scores + start;
  const uint64_t* keys = sortRow(row, args.length, args.size);
  if (threadIdx.x == 0) kept = countTopP(args, row, keys);
  __syncthreads();
  for (int i = int(threadIdx.x); i < args.length; i += kThreads)
    args.kept[start + uint32_t(keys[i])] = uint8_t(i < kept);
}

void launchSelection(const BlockGrid& grid, SelectArgs args, void (*kernel)(SelectArgs),
                     cudaStream_t stream) {
  if (grid.kBlocks > kMaxSortedBlocks)
    throw std::invalid_argument("block selection on CUDA : a row has more than 8192 key blocks");
  if (grid.blocks() == 0) return;
  args.length = int32_t(grid.kBlocks);
  args.size = int32_t(std::bit_ceil(uint32_t(grid.kBlocks)));
  cuda::launchKernel("block selection", kernel, unsigned(grid.lists * grid.qBlocks), kThreads,
                     args.size * int(sizeof(uint64_t)), stream, args);
}

}  // namespace

void selectTopKCuda(const BlockGrid& grid, const float* scores, int64_t count, uint8_t* kept,
                    CUstream_st* stream) {
  const int32_t wanted = int32_t(std::clamp<int64_t>(count, 0, grid.kBlocks));
  launchSelection(grid, {.scores = scores, .kept = kept, .count = wanted}, topK, stream);
}

void selectTopPCuda(const BlockGrid& grid, const float* scores, double share, Crossing crossing,
                    uint8_t* kept, CUstream_st* stream) {
  launchSelection(
      grid, {.scores = scores, .kept = kept, .share = share, .isInclusive = crossing == Crossing::Included},
      topP, stream);
}

}  // namespace ditscope::kernels
