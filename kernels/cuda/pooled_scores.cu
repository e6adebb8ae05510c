// SPDX-License-Identifier: Apache-2.0
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <stdexcept>

#include "kernels/block_walk.h"
#include "kernels/cuda/launch_kernel.cuh"
#include "kernels/cuda/mask_search_cuda.h"
#include "kernels/cuda/warp_ops.cuh"

namespace ditscope::kernels {
namespace {

constexpr int kThreads = 128;

struct PoolArgs {
  const void* data;
  int64_t stride[3];  // B, H, N in elements
  int32_t heads, rows, dim, block, blocks;
  float* mean;  // [B, H, blocks, D]
};

// A CTA for each run of rows of one (b, h); its threads take a column each.
template <class T>
__global__ void poolRows(const __grid_constant__ PoolArgs args) {
  const int run = int(blockIdx.x) % args.blocks;
  const int head = int(blockIdx.x) / args.blocks;
  const T* rows = static_cast<const T*>(args.data) + head / args.heads * args.stride[0] +
                  head % args.heads * args.stride[1] + int64_t(run) * args.block * args.stride[2];
  const int count = min(args.block, args.rows - run * args.block);
  for (int d = int(threadIdx.x); d < args.dim; d += int(blockDim.x)) {
    float sum = 0;
    for (int row = 0; row < count; ++row) sum += float(rows[row * args.stride[2] + d]);
    args.mean[int64_t(blockIdx.x) * args.dim + d] = sum / float(count);
  }
}

struct ScoreArgs {
  const float *q, *k;  // [B, H, qBlocks, D], [B, Hkv, kBlocks, D]
  int32_t heads, kvHeads, qBlocks, kBlocks, dim;
  float scale;
  float* scores;
};

// Over the CTA; `slots` has room for a value a warp.
template <class Combine>
__device__ float reduceCta(float value, float* slots, Combine combine) {
  for (int mask = 16; mask > 0; mask /= 2) value = combine(value, cuda::shuffleXor(value, mask));
  __syncthreads();
  if (threadIdx.x % 32 == 0) slots[threadIdx.x / 32] = value;
  __syncthreads();
  value = slots[0];
  for (int warp = 1; warp < kThreads / 32; ++warp) value = combine(value, slots[warp]);
  return value;
}

// A CTA for each row of the map: scores, then their softmax in place.
__global__ void scoreRow(const __grid_constant__ ScoreArgs args) {
  __shared__ float slots[kThreads / 32];
  const int head = int(blockIdx.x) / args.qBlocks;
  const int kvHead = head / args.heads * args.kvHeads + head % args.heads / (args.heads / args.kvHeads);
  const float* q = args.q + int64_t(blockIdx.x) * args.dim;
  const float* k = args.k + int64_t(kvHead) * args.kBlocks * args.dim;
  float* row = args.scores + int64_t(blockIdx.x) * args.kBlocks;
  float largest = -INFINITY;
  for (int t = int(threadIdx.x); t < args.kBlocks; t += kThreads) {
    float dot = 0;
    for (int d = 0; d < args.dim; ++d) dot += q[d] * k[int64_t(t) * args.dim + d];
    row[t] = dot * args.scale;
    largest = fmaxf(largest, row[t]);
  }
  largest = reduceCta(largest, slots, [](float a, float b) { return fmaxf(a, b); });
  float sum = 0;
  for (int t = int(threadIdx.x); t < args.kBlocks; t += kThreads) {
    row[t] = expf(row[t] - largest);
    sum += row[t];
  }
  sum = reduceCta(sum, slots, [](float a, float b) { return a + b; });
  for (int t = int(threadIdx.x); t < args.kBlocks; t += kThreads) row[t] /= sum;
}

void pool(const Tensor4& tensor, int32_t block, float* mean, cudaStream_t stream) {
  const int64_t blocks = ceilDiv(tensor.size[2], block);
  const PoolArgs args{tensor.data,
                      {tensor.stride[0], tensor.stride[1], tensor.stride[2]},
                      int32_t(tensor.size[1]),
                      int32_t(tensor.size[2]),
                      int32_t(tensor.size[3]),
                      block,
                      int32_t(blocks),
                      mean};
  const unsigned grid = unsigned(tensor.size[0] * tensor.size[1] * blocks);
  const auto kernel = tensor.dtype == DType::F32    ? poolRows<float>
                      : tensor.dtype == DType::BF16 ? poolRows<__nv_bfloat16>
                                                    : poolRows<__half>;
  cuda::launchKernel("pooled means", kernel, grid, kThreads, 0, stream, args);
}

int64_t means(const Tensor4& tensor, int32_t block) {
  return tensor.size[0] * tensor.size[1] * ceilDiv(tensor.size[2], block) * tensor.size[3];
}

}  // namespace

int64_t pooledMeansFloats(const BlockScoreArgs& args) {
  return means(args.q, args.qBlock) + means(args.k, args.kBlock);
}

void pooledScoresCuda(const BlockScoreArgs& args, float* mean, float* scores, CUstream_st* stream) {
  const BlockGrid grid = gridOf(args);
  if (grid.blocks() == 0) return;
  float* keyMean = mean + means(args.q, args.qBlock);
  pool(args.q, args.qBlock, mean, stream);
  pool(args.k, args.kBlock, keyMean, stream);
  const float scale = args.scale != 0 ? args.scale : float(1.0 / std::sqrt(double(args.q.size[3])));
  const ScoreArgs score{mean,
                        keyMean,
                        int32_t(args.q.size[1]),
                        int32_t(args.k.size[1]),
                        int32_t(grid.qBlocks),
                        int32_t(grid.kBlocks),
                        int32_t(args.q.size[3]),
                        scale,
                        scores};
  cuda::launchKernel("pooled scores", scoreRow, unsigned(grid.lists * grid.qBlocks), kThreads, 0, stream,
                     score);
}

}  // namespace ditscope::kernels
