// SPDX-License-Identifier: Apache-2.0
// What a warp does beyond C++: fast functions, exchanges among its 32 threads, packed 16-bit pairs, words of
// shared memory. With hopper_ops, wgmma_ops and mma_ops all instructions that the kernels name.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cmath>
#include <cstdint>

namespace ditscope::kernels::cuda {

constexpr unsigned kWholeWarp = 0xffffffffu;

__device__ inline float exp2Fast(float x) {
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}
__device__ inline float log2Fast(float x) {
  float y;
  asm("lg2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}
// To the nearest, saturating; 0 for NaN.
__device__ inline int16_t roundToShort(float x) {
  short y;
  asm("cvt.rni.s16.f32 %0, %1;" : "=h"(y) : "f"(x));
  return y;
}

__device__ inline float shuffleXor(float x, int mask) {
  return __shfl_xor_sync(kWholeWarp, x, mask);
}

__device__ inline uint32_t floatBits(float x) {
  return __float_as_uint(x);
}
// Bit i: what thread i of the warp says.
__device__ inline unsigned ballot(bool mine) {
  return __ballot_sync(kWholeWarp, mine);
}
__device__ inline int countBits(unsigned bits) {
  return __popc(bits);
}

// The largest over all threads of the warp, which must not be NaN. Floats with the sign's bits turned over
// order as integers do.
__device__ inline float warpMax(float x) {
  const int bits = __float_as_int(x);
  const int largest = __reduce_max_sync(kWholeWarp, bits ^ (bits >> 31 & 0x7fffffff));
  return __int_as_float(largest ^ (largest >> 31 & 0x7fffffff));
}

// *address = max(*address, value) where `wanted`, also among CTAs. Without a branch, so that the compiler can
// schedule around it; floats order as integers do, negative ones backwards.
__device__ inline void raiseWhere(bool wanted, float* address, float value) {
  asm volatile(
      "{ .reg .pred wanted, negative;\n"
      "setp.ne.s32 wanted, %2, 0;\n"
      "setp.lt.and.s32 negative, %1, 0, wanted;\n"
      "@negative red.global.min.u32 [%0], %1;\n"
      "setp.ge.and.s32 wanted, %1, 0, wanted;\n"
      "@wanted red.global.max.s32 [%0], %1; }" ::"l"(address),
      "r"(__float_as_int(value)), "r"(int(wanted))
      : "memory");
}

template <class T>
__device__ inline uint32_t packPair(float low, float high);
template <>
__device__ inline uint32_t packPair<__nv_bfloat16>(float low, float high) {
  const __nv_bfloat162 pair = __floats2bfloat162_rn(low, high);
  return *reinterpret_cast<const uint32_t*>(&pair);
}
template <>
__device__ inline uint32_t packPair<__half>(float low, float high) {
  const __half2 pair = __floats2half2_rn(low, high);
  return *reinterpret_cast<const uint32_t*>(&pair);
}

// The GPU's global timer, and the streaming multiprocessor that the thread runs on.
__device__ inline uint64_t globalNs() {
  uint64_t now;
  asm volatile("mov.u64 %0, %globaltimer;" : "=l"(now)::"memory");
  return now;
}
__device__ inline uint32_t processorId() {
  uint32_t id;
  asm volatile("mov.u32 %0, %smid;" : "=r"(id));
  return id;
}

// The CTA's dynamic shared memory, aligned to 256 bytes.
__device__ inline uint8_t* dynamicShared() {
  extern __shared__ __align__(256) uint8_t ditscopeShared[];
  return ditscopeShared;
}
__device__ inline uint32_t sharedAddress(const void* pointer) {
  return uint32_t(__cvta_generic_to_shared(pointer));
}
__device__ inline void storeShared(uint32_t address, int value) {
  asm volatile("st.shared.s32 [%0], %1;" ::"r"(address), "r"(value) : "memory");
}
__device__ inline int loadShared(uint32_t address) {
  int value;
  asm volatile("ld.shared.s32 %0, [%1];" : "=r"(value) : "r"(address) : "memory");
  return value;
}

}  // namespace ditscope::kernels::cuda
