// SPDX-License-Identifier: Apache-2.0
// Attention in the plainest CUDA: a CTA takes one query block, a thread one of its rows, in fp32 with every
// feature, shape and dtype. Scores are computed twice, first for the block's maximum and then for its
// weights.
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include "kernels/cuda/block_stats.cuh"
#include "kernels/cuda/launch_kernel.cuh"

namespace ditscope::kernels::cuda {
namespace {

template <class T>
class PlainRow {
 public:
  __device__ PlainRow(const DeviceArgs& args, const Item& item, float* output)
      : m_args(args),
        m_item(item),
        m_row(item.firstRow(args) + int(threadIdx.x)),
        m_exists(m_row < args.queries),
        m_output(output),
        m_stats(args, item) {
    for (int d = 0; d < args.dim; ++d) m_output[d] = 0;
    if (m_exists && args.skip.kind == SkipRule::Kind::MassBound)
      m_lseRef = args.skip.lseRef[int64_t(item.head) * args.queries + m_row];
  }

  __device__ void run() {
    ListWalk walk(m_args, m_item);
    Visit visit;
    int visited = 0, skipped = 0;
    while (walk.next(visit)) {
      const bool first = visited++ == 0;
      const float blockMax = findBlockMax(visit);
      const float gap = first ? INFINITY : (blockMax - m_max);
      m_stats.reportGap(visit.keyBlock, comparable(gap), true);
      if (!first && skips(visit.keyBlock, blockMax)) {
        ++skipped;
        if (threadIdx.x == 0) m_stats.markSkipped(visit.keyBlock);
      } else if (m_exists) {
        accumulate(visit, blockMax);
      }
    }
    if (threadIdx.x == 0) m_stats.countSkipped(skipped);
    if (m_exists) finish();
  }

 private:
  // Rows that do not exist and NaN take no part in a maximum over rows.
  __device__ float comparable(float value) const { return m_exists && !isnan(value) ? value : -INFINITY; }

  __device__ bool skips(int keyBlock, float blockMax) const {
    const SkipRule::Kind kind = m_args.skip.kind;
    if (kind == SkipRule::Kind::None || !mayBeSkipped(m_args, keyBlock)) return false;
    const float reference = kind == SkipRule::Kind::MassBound     ? m_lseRef
                            : kind == SkipRule::Kind::RunningMass ? m_max + logf(m_sum)
                                                                  : m_max;
    return __syncthreads_and(comparable(blockMax - reference) < skipThreshold(m_args, m_item));
  }

  __device__ const T* start(const DeviceTensor& tensor, int head, int row) const {
    return static_cast<const T*>(tensor.data) + m_item.b * tensor.stride[0] + head * tensor.stride[1] +
           row * tensor.stride[2];
  }

  // Calls use(key, scaled score) for each attended key of the block.
  template <class Use>
  __device__ void forEachKey(const Visit& visit, Use use) const {
    const int key0 = visit.keyBlock * m_args.kBlock;
    const T* q = start(m_args.q, m_item.h, m_row);
    for (int j = 0; j < min(m_args.kBlock, m_args.validKeys - key0); ++j) {
      const int bit = int(threadIdx.x) * m_args.kBlock + j;
      if (visit.bits && !(visit.bits[bit / 64] >> (bit % 64) & 1)) continue;
      const T* k = start(m_args.k, m_item.kvHead(m_args), key0 + j);
      float dot = 0;
      for (int d = 0; d < m_args.dim; ++d) dot += float(q[d]) * float(k[d]);
      use(key0 + j, dot * m_args.scale);
    }
  }

  __device__ float findBlockMax(const Visit& visit) const {
    float largest = -INFINITY;
    if (m_exists) forEachKey(visit, [&](int, float score) { largest = fmaxf(largest, score); });
    return largest;
  }

  __device__ void accumulate(const Visit& visit, float blockMax) {
    const float newMax = fmaxf(m_max, blockMax);
    const float offset = newMax == -INFINITY ? 0 : newMax;
    const float rescale = newMax == -INFINITY ? 1 : expf(m_max - newMax);
    for (int d = 0; d < m_args.dim; ++d) m_output[d] *= rescale;
    float blockSum = 0;
    forEachKey(visit, [&](int key, float score) {
      const float weight = expf(score - offset);
      blockSum += weight;
      const T* v = start(m_args.v, m_item.kvHead(m_args), key);
      for (int d = 0; d < m_args.dim; ++d) m_output[d] += weight * float(v[d]);
    });
    m_sum = m_sum * rescale + blockSum;
    m_max = newMax;
    if (m_stats.wantsRowLogMass()) {
      const float log2Mass = blockSum == 0 ? -INFINITY : (offset + logf(blockSum)) * 1.442695040888963f;
      m_stats.storeRowLogMass(m_args, visit.keyBlock, m_row, log2Mass);
    }
  }

  __device__ void finish() {
    const bool empty = m_sum == 0;
    if (empty) m_stats.countEmptyRow();
    const int64_t row =
        m_item.b * m_args.o.stride[0] + m_item.h * m_args.o.stride[1] + m_row * m_args.o.stride[2];
    for (int d = 0; d < m_args.dim; ++d) store(row + d, empty ? 0 : m_output[d] / m_sum);
    if (m_args.lse) {
      const float lse = empty ? -INFINITY : m_max == -INFINITY ? m_sum : m_max + logf(m_sum);
      m_args.lse[int64_t(m_item.head) * m_args.queries + m_row] = lse;
    }
  }

  __device__ void store(int64_t index, float value) {
    if (m_args.oDtype == DType::F32) static_cast<float*>(m_args.o.data)[index] = value;
    if (m_args.oDtype == DType::F16) static_cast<__half*>(m_args.o.data)[index] = __float2half_rn(value);
    if (m_args.oDtype == DType::BF16)
      static_cast<__nv_bfloat16*>(m_args.o.data)[index] = __float2bfloat16_rn(value);
  }

  const DeviceArgs& m_args;
  const Item& m_item;
  int m_row;
  bool m_exists;
  float* m_output;  // [D], in shared memory
  BlockStats m_stats;
  float m_max = -INFINITY, m_sum = 0, m_lseRef = 0;
};

template <class T>
__global__ void plainAttention(const __grid_constant__ DeviceArgs args) {
  float* output = reinterpret_cast<float*>(dynamicShared());
  const Item item(args, int(blockIdx.x));
  // One column more than D, so that the rows of a warp lie in different banks.
  PlainRow<T>(args, item, output + int(threadIdx.x) * (args.dim + 1)).run();
}

template <class T>
void launch(const DeviceArgs& args, cudaStream_t stream) {
  const int bytes = args.qBlock * (args.dim + 1) * int(sizeof(float));
  launchKernel("attention (plain)", plainAttention<T>, args.items, args.qBlock, bytes, stream, args);
}

}  // namespace

void launchPlain(const DeviceArgs& args, cudaStream_t stream) {
  if (args.dtype == DType::F32) return launch<float>(args, stream);
  if (args.dtype == DType::F16) return launch<__half>(args, stream);
  launch<__nv_bfloat16>(args, stream);
}

}  // namespace ditscope::kernels::cuda
