// SPDX-License-Identifier: Apache-2.0
// TMA in the emulator: tensor maps of its own, boxes with zero fill and swizzle.
#pragma once

#include <cuda.h>

#include <cstdint>

namespace ditscope::kernels::soft {

// The 16-byte chunks of shared memory change places within eight rows of a tile (CUTLASS: Swizzle<3, 4, 3>
// for rows of 128 bytes, Swizzle<1, 4, 3> for rows of 32).
[[nodiscard]] inline uint32_t swizzled(uint32_t address, int rowBytes) {
  return address ^ ((address >> 7 & (rowBytes == 128 ? 7u : 1u)) << 4);
}

[[nodiscard]] int boxBytes(const CUtensorMap& map);
// Called while a CTA runs.
void copyBox(uint32_t to, const CUtensorMap& map, int d, int n, int h, int b);

}  // namespace ditscope::kernels::soft
