// SPDX-License-Identifier: Apache-2.0
// The driver of the CPU kernel: brings keys and values into fp32 rows where they are not, and hands the query
// blocks to the threads, longest first.
#include <algorithm>
#include <new>
#include <numeric>
#include <vector>

#include "kernels/attention.h"
#include "kernels/block_walk.h"
#include "kernels/cpu_block.h"
#include "kernels/parallel.h"

namespace ditscope::kernels {
namespace {

// Memory for converted rows that stays with the calling thread: fresh pages cost more than the conversion.
// What is larger than 64 MiB is given back.
class RowMemory {
 public:
  float* reserve(int64_t floats) {
    if (floats > m_floats) {
      m_memory = hwy::AllocateAligned<float>(size_t(floats));
      if (!m_memory) throw std::bad_alloc();
      m_floats = floats;
    }
    return m_memory.get();
  }

  void trim() {
    constexpr int64_t kKeptFloats = int64_t(1) << 24;
    if (m_floats > kKeptFloats) *this = RowMemory();
  }

 private:
  hwy::AlignedFreeUniquePtr<float[]> m_memory;
  int64_t m_floats = 0;
};

// The keys or the values of all heads as fp32 rows without gaps: in place where the tensor has them, else
// converted. (Rows far apart would do, but their lines fight for the same cache sets.)
class RowsOfHeads {
 public:
  RowsOfHeads(const Tensor4& tensor, int64_t rows, RowMemory& memory, int threads)
      : m_tensor(tensor), m_headStride(rows * tensor.size[3]) {
    if (tensor.dtype == DType::F32 && tensor.stride[2] == tensor.size[3]) return;
    constexpr int64_t kChunk = 64;
    const int64_t dim = tensor.size[3];
    const int64_t chunks = ceilDiv(rows, kChunk);
    float* converted = memory.reserve(tensor.size[0] * tensor.size[1] * m_headStride);
    parallelFor(tensor.size[0] * tensor.size[1] * chunks, threads, [&](int64_t task, int) {
      const int64_t head = task / chunks;
      const int64_t row0 = task % chunks * kChunk;
      convertRows(tensor, head / tensor.size[1], head % tensor.size[1], row0, std::min(kChunk, rows - row0),
                  converted + head * m_headStride + row0 * dim, dim);
    });
    m_converted = converted;
  }

  [[nodiscard]] const float* head(int64_t b, int64_t h) const {
    if (m_converted) return m_converted + (b * m_tensor.size[1] + h) * m_headStride;
    return static_cast<const float*>(m_tensor.data) + b * m_tensor.stride[0] + h * m_tensor.stride[1];
  }

 private:
  const Tensor4& m_tensor;
  int64_t m_headStride;
  const float* m_converted = nullptr;
};

// Task numbers (b, h, g), those with the longest lists first, so that no thread is left with a long one at
// the end.
std::vector<int32_t> longestFirst(const AttentionArgs& args, const Geometry& geometry) {
  std::vector<int32_t> order(size_t(geometry.batches * geometry.heads * geometry.qBlocks));
  std::iota(order.begin(), order.end(), 0);
  if (!args.list) return order;
  const BlockList& list = *args.list;
  std::vector<int32_t> length(order.size());
  for (size_t task = 0; task < order.size(); ++task) {
    const int64_t head = int64_t(task) / geometry.qBlocks;
    const int32_t* row = list.rowStart + head / geometry.heads * list.batchStride +
                         head % geometry.heads * list.headStride + int64_t(task) % geometry.qBlocks;
    length[task] = row[1] - row[0];
  }
  std::stable_sort(order.begin(), order.end(),
                   [&length](int32_t a, int32_t b) { return length[a] > length[b]; });
  return order;
}

}  // namespace

void attentionCpu(const AttentionArgs& args, int threads) {
  validate(args);
  const Geometry geometry(args);
  const std::vector<int32_t> order = longestFirst(args, geometry);
  threads = int(std::min(int64_t(resolveThreads(threads)), std::max<int64_t>(1, int64_t(order.size()))));
  thread_local RowMemory keyMemory, valueMemory;
  const RowsOfHeads keys(args.k, geometry.validKeys, keyMemory, threads);
  const RowsOfHeads values(args.v, geometry.validKeys, valueMemory, threads);
  std::vector<CpuScratch> scratch;
  for (int i = 0; i < threads; ++i) scratch.emplace_back(geometry);
  std::vector<BlockCounts> counts(order.size());
  const auto taskAt = [&](size_t i) {
    const int64_t head = order[i] / geometry.qBlocks;
    const int64_t b = head / geometry.heads;
    const int64_t h = head % geometry.heads;
    const KeyValueRows rows{keys.head(b, geometry.kvHead(h)), values.head(b, geometry.kvHead(h))};
    return CpuTask{args, geometry, rows, b, h, order[i] % geometry.qBlocks};
  };
  parallelFor(int64_t(order.size()), threads, [&](int64_t i, int thread) {
    const CpuTask task = taskAt(size_t(i));
    // Threads take turns as long as the tasks are alike; a wrong guess costs a few lines fetched in vain.
    const CpuTask next = taskAt(std::min(size_t(i) + size_t(threads), order.size() - 1));
    counts[size_t(order[size_t(i)])] = computeQueryBlock(task, &next, scratch[size_t(thread)]);
  });
  keyMemory.trim();
  valueMemory.trim();
  if (args.stats && args.stats->counters) sumCounts(counts, geometry, args.stats->counters);
}

}  // namespace ditscope::kernels
