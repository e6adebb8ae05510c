// SPDX-License-Identifier: Apache-2.0
// Stands in for kernels/cuda/mma_ops.cuh in the emulator.
#pragma once

#include "kernels/cuda/warp_ops.cuh"
#include "tests/device/soft/half_bits.h"
#include "tests/device/soft/thread_copies.h"

namespace ditscope::kernels::cuda {

inline void copyAsync16(uint32_t to, const void* from, bool read) {
  soft::copy16(to, read ? from : nullptr);
}
inline void commitCopies() {
  soft::commitCopies();
}
template <int kPending>
void waitCopies() {
  soft::waitCopies(kPending);
}

// Element (row, column) of tile i; the thread that names the row is 8 * i + row.
inline uint16_t tileElement(const soft::Parcel* rows, int i, int row, int column) {
  uint16_t value;
  std::memcpy(&value, soft::at(uint32_t(rows[8 * i + row].words[0]) + 2 * uint32_t(column), 2), 2);
  return value;
}
inline void loadTiles(uint32_t (&tile)[4], uint32_t rowAddress) {
  const soft::Parcel* rows = soft::exchangeInWarp({{rowAddress}});
  const int lane = soft::thread() % soft::kWarp;
  for (int i = 0; i < 4; ++i)
    tile[i] = tileElement(rows, i, lane / 4, lane % 4 * 2) |
              uint32_t(tileElement(rows, i, lane / 4, lane % 4 * 2 + 1)) << 16;
}
inline void loadTilesTransposed(uint32_t (&tile)[4], uint32_t rowAddress) {
  const soft::Parcel* rows = soft::exchangeInWarp({{rowAddress}});
  const int lane = soft::thread() % soft::kWarp;
  for (int i = 0; i < 4; ++i)
    tile[i] = tileElement(rows, i, lane % 4 * 2, lane / 4) |
              uint32_t(tileElement(rows, i, lane % 4 * 2 + 1, lane / 4)) << 16;
}

template <class T>
void multiplyAdd(float (&c)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
  const auto pair = [](uint32_t low, uint32_t high) { return low | uint64_t(high) << 32; };
  const soft::Parcel* all = soft::exchangeInWarp({{pair(a[0], a[1]), pair(a[2], a[3]), pair(b0, b1)}});
  const auto part = [&](int lane, int word, int upper) {
    return soft::halfToFloat<T>(
        uint16_t(all[lane].words[size_t(word / 2)] >> (32 * (word % 2) + 16 * upper)));
  };
  const int lane = soft::thread() % soft::kWarp;
  for (int e = 0; e < 4; ++e) {
    const int row = lane / 4;
    const int column = lane % 4 * 2 + e % 2;
    for (int k = 0; k < 16; ++k) {
      const float x = part(row * 4 + k % 8 / 2, k / 8 * 2 + e / 2, k % 2);
      c[e] += x * part(column * 4 + k % 8 / 2, 4 + k / 8, k % 2);
    }
  }
}

}  // namespace ditscope::kernels::cuda
