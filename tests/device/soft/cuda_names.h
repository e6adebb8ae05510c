// SPDX-License-Identifier: Apache-2.0
// CUDA's words for a C++ compiler: included before every kernel source that the emulator compiles.
#pragma once

#include <cuda_runtime_api.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "tests/device/soft/soft_gpu.h"

#undef __global__
#undef __shared__
#undef __launch_bounds__
#undef __grid_constant__
#undef __device__
#define __global__
#define __device__
#define __shared__ static  // CTAs run one after the other
#define __launch_bounds__(...)
#define __grid_constant__

namespace soft = ditscope::kernels::soft;
extern soft::Dim threadIdx, blockIdx, blockDim, gridDim;

using std::isnan;
using std::max;
using std::min;

inline void __syncthreads() {
  soft::waitAt(0, int(blockDim.x), true);
}
inline int __syncthreads_and(int agrees) {
  return soft::waitAt(0, int(blockDim.x), agrees != 0);
}
inline void __syncwarp() {
  static_cast<void>(soft::exchangeInWarp({}));
}

template <class T>
T __ldg(const T* address) {
  return *address;
}
template <class T, class U>
T atomicAdd(T* address, U value) {
  const T old = *address;
  *address = T(old + T(value));
  return old;
}
template <class T>
void atomicOr(T* address, T value) {
  *address |= value;
}
template <class T>
void atomicAnd(T* address, T value) {
  *address &= value;
}

inline unsigned __reduce_add_sync(unsigned, unsigned value) {
  const soft::Parcel* all = soft::exchangeInWarp({{value}});
  unsigned sum = 0;
  for (int lane = 0; lane < soft::kWarp; ++lane) sum += unsigned(all[lane].words[0]);
  return sum;
}
inline float softLane(float value, int lane) {
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  bits = uint32_t(soft::exchangeInWarp({{bits}})[lane].words[0]);
  std::memcpy(&value, &bits, 4);
  return value;
}
inline float __shfl_down_sync(unsigned, float value, int distance) {
  const int lane = soft::thread() % soft::kWarp;
  return softLane(value, min(lane + distance, soft::kWarp - 1));
}
