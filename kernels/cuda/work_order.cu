// SPDX-License-Identifier: Apache-2.0
// Longest rows first (LPT), so that no long row starts last. Heads are taken by sections whose keys and
// values stay in the L2 cache; rows much longer than the mean, text rows say, are hoisted before all
// sections. A counting sort in three small launches.
#include <algorithm>

#include "kernels/cuda/launch_kernel.cuh"
#include "kernels/cuda/list_walk.cuh"

namespace ditscope::kernels::cuda {
namespace {

constexpr int kLengths = 32;  // classes of row lengths within a section
constexpr int kSections = kOrderBins / kLengths;
constexpr int64_t kSectionBytes = 32ll << 20;

struct Sections {
  int heads;  // (b, h) pairs a section
};

__device__ int rowLength(const DeviceArgs& args, int index) {
  const Item item(args, index);
  const int32_t* row =
      args.list.rowStart + item.b * args.list.batchStride + item.h * args.list.headStride + item.g;
  return __ldg(row + 1) - __ldg(row);
}

__device__ int bin(const DeviceArgs& args, const Sections& sections, int mean, int index) {
  const int length = rowLength(args, index);
  if (length > 3 * mean) return (kLengths - 1) - min(kLengths - 1, length * (kLengths - 1) / args.kBlocks);
  const int section = 1 + min(kSections - 2, index / args.qBlocks / sections.heads);
  return section * kLengths + (kLengths - 1) - min(kLengths - 1, length * (kLengths - 1) / max(1, 3 * mean));
}

// The two integers after the bins receive the summed lengths, to tell the mean; rows longer than three times
// the mean are hoisted.
__global__ void sumLengths(const __grid_constant__ DeviceArgs args, int32_t* bins) {
  const int index = int(blockIdx.x * blockDim.x + threadIdx.x);
  if (index < args.items)
    atomicAdd(reinterpret_cast<unsigned long long*>(bins + kOrderBins),
              static_cast<unsigned long long>(rowLength(args, index)));
}

__device__ int meanLength(const DeviceArgs& args, const int32_t* bins) {
  const auto sum = *reinterpret_cast<const unsigned long long*>(bins + kOrderBins);
  return int(sum / static_cast<unsigned long long>(args.items));
}

__global__ void countBins(const __grid_constant__ DeviceArgs args, Sections sections, int32_t* bins) {
  const int index = int(blockIdx.x * blockDim.x + threadIdx.x);
  if (index < args.items) atomicAdd(bins + bin(args, sections, meanLength(args, bins), index), 1);
}

// Counts become the places where the bins begin. One CTA of kOrderBins threads.
__global__ void scanBins(int32_t* bins) {
  __shared__ int32_t sums[kOrderBins];
  const int i = int(threadIdx.x);
  const int32_t own = bins[i];
  sums[i] = own;
  for (int step = 1; step < kOrderBins; step *= 2) {
    __syncthreads();
    const int32_t before = i >= step ? sums[i - step] : 0;
    __syncthreads();
    sums[i] += before;
  }
  bins[i] = sums[i] - own;
}

__global__ void placeItems(const __grid_constant__ DeviceArgs args, Sections sections, int32_t* bins,
                           int32_t* order) {
  const int index = int(blockIdx.x * blockDim.x + threadIdx.x);
  if (index >= args.items) return;
  order[atomicAdd(bins + bin(args, sections, meanLength(args, bins), index), 1)] = index;
}

}  // namespace

void orderItems(const DeviceArgs& args, int32_t* order, int32_t* nextItem, int32_t* bins,
                cudaStream_t stream) {
  check(cudaMemsetAsync(nextItem, 0, sizeof(int32_t), stream), "work counter");
  if (!args.hasList) return;
  check(cudaMemsetAsync(bins, 0, (kOrderBins + 2) * sizeof(int32_t), stream), "work order");
  const int64_t headBytes = 4ll * args.validKeys * args.dim;  // K and V of one head, 16-bit
  const Sections sections{
      int(std::clamp<int64_t>(kSectionBytes / std::max<int64_t>(headBytes, 1), 1, 1 << 20))};
  const int grid = (args.items + 255) / 256;
  launchKernel("work order", sumLengths, grid, 256, 0, stream, args, bins);
  launchKernel("work order", countBins, grid, 256, 0, stream, args, sections, bins);
  launchKernel("work order", scanBins, 1, kOrderBins, 0, stream, bins);
  launchKernel("work order", placeItems, grid, 256, 0, stream, args, sections, bins, order);
}

}  // namespace ditscope::kernels::cuda
