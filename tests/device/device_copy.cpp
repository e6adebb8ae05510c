// SPDX-License-Identifier: Apache-2.0
#include "tests/device/device_copy.h"

#include <cuda_runtime.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "kernels/block_walk.h"
#include "kernels/half_types.h"

namespace ditscope::kernels::test {
namespace {

void check(cudaError_t status) {
  if (status != cudaSuccess) throw std::runtime_error(cudaGetErrorString(status));
}

// Copies of host arrays on the device; outputs are copied back by finish().
class DeviceMemory {
 public:
  template <class T>
  T* input(T* host, int64_t count) {
    return static_cast<T*>(
        copy(const_cast<void*>(static_cast<const void*>(host)), size_t(count) * sizeof(T), false));
  }
  template <class T>
  T* output(T* host, int64_t count) {
    return static_cast<T*>(copy(host, size_t(count) * sizeof(T), true));
  }
  void tensor(Tensor4& view, bool isOutput) {
    int64_t last = 0;
    int64_t count = 1;
    for (int i = 0; i < 4; ++i) {
      last += (view.size[i] - 1) * view.stride[i];
      count *= view.size[i];
    }
    const size_t bytes = count == 0 ? 0 : size_t(last + 1) * elementBytes(view.dtype);
    view.data = copy(view.data, bytes, isOutput);
  }
  void* scratch(size_t bytes) { return allocate(bytes); }

  void finish() {
    check(cudaDeviceSynchronize());
    for (const Output& o : m_outputs) check(cudaMemcpy(o.host, o.device, o.bytes, cudaMemcpyDeviceToHost));
  }

 private:
  struct Output {
    void* host;
    void* device;
    size_t bytes;
  };
  struct Free {
    void operator()(void* memory) const { cudaFree(memory); }
  };

  void* allocate(size_t bytes) {
    void* memory = nullptr;
    check(cudaMalloc(&memory, bytes + 16));
    m_memory.emplace_back(memory);
    return memory;
  }
  void* copy(void* host, size_t bytes, bool isOutput) {
    if (!host) return nullptr;
    void* device = allocate(bytes);
    check(cudaMemcpy(device, host, bytes, cudaMemcpyHostToDevice));
    if (isOutput && bytes > 0) m_outputs.push_back({host, device, bytes});
    return device;
  }

  std::vector<std::unique_ptr<void, Free>> m_memory;
  std::vector<Output> m_outputs;
};

int64_t entryCount(const BlockList& list, const Geometry& g, int64_t& rows) {
  rows = (list.batchStride ? g.batches - 1 : 0) * list.batchStride +
         (list.headStride ? g.heads - 1 : 0) * list.headStride + g.qBlocks;
  return list.rowStart[rows];
}

BlockList copyList(const BlockList& list, const Geometry& g, DeviceMemory& memory) {
  BlockList copy = list;
  int64_t rows = 0;
  const int64_t entries = entryCount(list, g, rows);
  int64_t words = 0;
  for (int64_t i = 0; i < entries; ++i)
    if (list.entry[i] & kPartialEntry)
      words = std::max(words, list.partialOffset[i] + g.qBlock * g.kBlock / 64);
  copy.rowStart = memory.input(list.rowStart, rows + 1);
  copy.entry = memory.input(list.entry, entries);
  copy.partialOffset = memory.input(list.partialOffset, entries);
  copy.partialBits = memory.input(list.partialBits, words);
  return copy;
}

SkipRule copyRule(const SkipRule& rule, const Geometry& g, DeviceMemory& memory) {
  SkipRule copy = rule;
  copy.lnLambdaPerHead = memory.input(rule.lnLambdaPerHead, g.batches * g.heads);
  copy.lseRef = memory.input(rule.lseRef, g.batches * g.heads * g.queries);
  copy.mustKeep = memory.input(rule.mustKeep, g.kBlocks);
  return copy;
}

StatsOut copyStats(const StatsOut& stats, const Geometry& g, DeviceMemory& memory) {
  const int64_t heads = g.batches * g.heads;
  return {.keptBits = memory.output(stats.keptBits, heads * g.qBlocks * ceilDiv(g.kBlocks, 32)),
          .gap = memory.output(stats.gap, heads * g.qBlocks * g.kBlocks),
          .rowLogMass = memory.output(stats.rowLogMass, heads * g.kBlocks * g.queries),
          .counters = memory.output(stats.counters, heads * 4)};
}

}  // namespace

void attentionOnDevice(const AttentionArgs& args, CudaVariant variant) {
  validate(args);
  const Geometry g(args);
  DeviceMemory memory;
  AttentionArgs device = args;
  memory.tensor(device.q, false);
  memory.tensor(device.k, false);
  memory.tensor(device.v, false);
  memory.tensor(device.o, true);
  device.lse = memory.output(args.lse, g.batches * g.heads * g.queries);
  BlockList list;
  SkipRule rule;
  StatsOut stats;
  if (args.list) list = copyList(*args.list, g, memory);
  if (args.skip) rule = copyRule(*args.skip, g, memory);
  if (args.stats) stats = copyStats(*args.stats, g, memory);
  device.list = args.list ? &list : nullptr;
  device.skip = args.skip ? &rule : nullptr;
  device.stats = args.stats ? &stats : nullptr;
  attentionCuda(device, {.variant = variant, .scratch = memory.scratch(cudaScratchBytes(args))});
  memory.finish();
}

}  // namespace ditscope::kernels::test
