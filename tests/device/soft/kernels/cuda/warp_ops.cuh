// SPDX-License-Identifier: Apache-2.0
// Stands in for kernels/cuda/warp_ops.cuh in the emulator.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <bit>

#include "tests/device/soft/cuda_names.h"

namespace ditscope::kernels::cuda {

inline float exp2Fast(float x) {
  return std::exp2(x);
}
inline float log2Fast(float x) {
  return std::log2(x);
}
inline int16_t roundToShort(float x) {
  return std::isnan(x) ? 0 : int16_t(std::nearbyint(std::clamp(x, -32768.0f, 32767.0f)));
}

inline float shuffleXor(float x, int mask) {
  return softLane(x, (soft::thread() % soft::kWarp) ^ mask);
}

inline uint32_t floatBits(float x) {
  return std::bit_cast<uint32_t>(x);
}
inline unsigned ballot(bool mine) {
  const soft::Parcel* all = soft::exchangeInWarp({{uint64_t(mine)}});
  unsigned votes = 0;
  for (int lane = 0; lane < soft::kWarp; ++lane) votes |= unsigned(all[lane].words[0]) << lane;
  return votes;
}
inline int countBits(unsigned bits) {
  return std::popcount(bits);
}

inline float warpMax(float x) {
  for (int mask = 16; mask > 0; mask /= 2) x = std::max(x, shuffleXor(x, mask));
  return x;
}

inline void raiseWhere(bool wanted, float* address, float value) {
  if (wanted && value > *address) *address = value;
}

template <class T>
uint32_t packPair(float low, float high) {
  const T pair[2] = {T(low), T(high)};
  uint32_t bits;
  std::memcpy(&bits, pair, 4);
  return bits;
}

// A clock that only ever goes on.
inline uint64_t globalNs() {
  static uint64_t now = 0;
  return ++now;
}
inline uint32_t processorId() {
  return 0;
}

inline uint8_t* dynamicShared() {
  return soft::dynamicMemory();
}
inline uint32_t sharedAddress(const void* pointer) {
  return soft::addressOf(pointer);
}
inline void storeShared(uint32_t address, int value) {
  std::memcpy(soft::at(address, 4), &value, 4);
}
inline int loadShared(uint32_t address) {
  int value;
  std::memcpy(&value, soft::at(address, 4), 4);
  return value;
}

}  // namespace ditscope::kernels::cuda
