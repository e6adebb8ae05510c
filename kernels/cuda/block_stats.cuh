// SPDX-License-Identifier: Apache-2.0
// What a kernel writes of one query block beside its output, and the skip rule's threshold for it. The
// buffers were prepared before the launch (prepareStats() in launch.h): they already say what the lists
// visit.
#pragma once

#include "kernels/cuda/list_walk.cuh"
#include "kernels/cuda/warp_ops.cuh"

namespace ditscope::kernels::cuda {

class BlockStats {
 public:
  __device__ BlockStats(const DeviceArgs& args, const Item& item) {
    const int64_t row = int64_t(item.head) * args.qBlocks + item.g;
    if (args.stats.keptBits) m_keptBits = args.stats.keptBits + row * ((args.kBlocks + 31) / 32);
    if (args.stats.gap) m_gap = args.stats.gap + row * args.kBlocks;
    if (args.stats.rowLogMass)
      m_rowLogMass = args.stats.rowLogMass + int64_t(item.head) * args.kBlocks * args.queries;
    if (args.stats.counters)
      m_counters = reinterpret_cast<unsigned long long*>(args.stats.counters + item.head * 4);
  }

  __device__ bool wantsRowLogMass() const { return m_rowLogMass; }

  __device__ void reportGap(int keyBlock, float gap, bool report) const {
    raiseWhere(report && m_gap, m_gap + keyBlock, gap);
  }
  __device__ void markSkipped(int keyBlock) const {
    if (m_keptBits) atomicAnd(m_keptBits + keyBlock / 32, ~(1u << (keyBlock % 32)));
  }
  __device__ void storeRowLogMass(const DeviceArgs& args, int keyBlock, int row, float log2Mass) const {
    // The lowest code is kept for "not visited".
    const int16_t code = roundToShort(fmaxf(log2Mass * 256.0f, float(kNotVisited + 1)));
    m_rowLogMass[int64_t(keyBlock) * args.queries + row] = isnan(log2Mass) ? kNotVisited : code;
  }
  __device__ void countSkipped(int blocks) const {
    if (m_counters && blocks) atomicAdd(m_counters + 1, static_cast<unsigned long long>(blocks));
  }
  __device__ void countEmptyRow() const {
    if (m_counters) atomicAdd(m_counters + 3, 1ull);
  }

 private:
  uint32_t* m_keptBits = nullptr;
  float* m_gap = nullptr;
  int16_t* m_rowLogMass = nullptr;
  unsigned long long* m_counters = nullptr;
};

// Called by one thread when it begins an item and when it has finished it.
__device__ inline void stampStart(const DeviceArgs& args, int index) {
  if (args.stamps) args.stamps[index] = {globalNs(), 0, processorId(), 0};
}
__device__ inline void stampEnd(const DeviceArgs& args, int index) {
  if (args.stamps) args.stamps[index].endNs = globalNs();
}

// What the maximum over rows of (block max - reference) has to stay below for a block to be skipped.
__device__ inline float skipThreshold(const DeviceArgs& args, const Item& item) {
  const SkipRule& rule = args.skip;
  if (rule.kind == SkipRule::Kind::MassBound)
    return float(log(double(rule.epsilon) / (double(args.kBlocks) * args.kBlock)));
  return rule.lnLambdaPerHead ? rule.lnLambdaPerHead[item.head] : rule.lnLambda;
}

__device__ inline bool mayBeSkipped(const DeviceArgs& args, int keyBlock) {
  return !(args.skip.mustKeep && args.skip.mustKeep[keyBlock]);
}

}  // namespace ditscope::kernels::cuda
