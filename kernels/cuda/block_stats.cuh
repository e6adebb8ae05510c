// SPDX-License-Identifier: Apache-2.0
// What a kernel writes of one query block beside its output, and the skip rule's threshold for it. The
// buffers were prepared before the launch (prepare_stats.h).
#pragma once

#include "kernels/cuda/list_walk.cuh"

namespace ditscope::kernels::cuda {

// Keeps the largest of the values that several warps report. Negative floats order backwards as integers.
__device__ inline void atomicMaxFloat(float* address, float value) {
  if (__float_as_int(value) >= 0)
    atomicMax(reinterpret_cast<int*>(address), __float_as_int(value));
  else
    atomicMin(reinterpret_cast<unsigned*>(address), __float_as_uint(value));
}

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

  __device__ bool wantsGap() const { return m_gap; }
  __device__ bool wantsRowLogMass() const { return m_rowLogMass; }
  // Each warp reports the maximum over its own rows.
  __device__ void reportGap(int keyBlock, float gap) const { atomicMaxFloat(m_gap + keyBlock, gap); }
  // By one thread of the query block.
  __device__ void markKept(int keyBlock) const {
    if (m_keptBits) atomicOr(m_keptBits + keyBlock / 32, 1u << (keyBlock % 32));
  }
  __device__ void storeRowLogMass(const DeviceArgs& args, int keyBlock, int row, float log2Mass) const {
    const float code = isnan(log2Mass) ? float(kNotVisited)
                                       : fminf(fmaxf(log2Mass * 256.0f, float(kNotVisited + 1)), 32767.0f);
    m_rowLogMass[int64_t(keyBlock) * args.queries + row] = int16_t(__float2int_rn(code));
  }
  __device__ void count(int visited, int skipped, int partial) const {
    if (!m_counters) return;
    atomicAdd(m_counters, static_cast<unsigned long long>(visited));
    if (skipped) atomicAdd(m_counters + 1, static_cast<unsigned long long>(skipped));
    if (partial) atomicAdd(m_counters + 2, static_cast<unsigned long long>(partial));
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
