// SPDX-License-Identifier: Apache-2.0
// How wgmma is told where a tile lies (PTX ISA: matrix descriptor).
#pragma once

#include <cstdint>

namespace ditscope::kernels::cuda {

// Shared memory of a tile as wgmma reads it: rows of 128 or 32 bytes (64 or 16 elements), eight of them a
// swizzled atom, the atoms one after the other. `leading` is the distance in bytes between columns 0..63 and
// 64..127 of a transposed tile.
template <int kRowBytes>
__device__ inline uint64_t tileDescriptor(uint32_t address, int leading = 16) {
  constexpr uint64_t kSwizzle = kRowBytes == 128 ? 1 : 3;  // 128-byte or 32-byte swizzle
  return uint64_t((address & 0x3ffff) >> 4) | uint64_t(leading >> 4) << 16 |
         uint64_t(kRowBytes * 8 >> 4) << 32 | kSwizzle << 62;
}

}  // namespace ditscope::kernels::cuda
