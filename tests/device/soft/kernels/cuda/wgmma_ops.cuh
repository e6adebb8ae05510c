// SPDX-License-Identifier: Apache-2.0
// Stands in for kernels/cuda/wgmma_ops.cuh in the emulator.
#pragma once

#include "kernels/cuda/warp_ops.cuh"
#include "kernels/cuda/wgmma_descriptor.cuh"
#include "tests/device/soft/half_bits.h"
#include "tests/device/soft/warpgroup_products.h"

namespace ditscope::kernels::cuda {

inline void fenceRegisters() {}
inline void commitProducts() {
  soft::commitProducts();
}
template <int kPending>
void waitProducts() {
  soft::waitProducts(kPending);
}

template <class T, int kColumns>
struct SharedProduct {
  static void add(float (&c)[kColumns / 8][4], uint64_t a, uint64_t b, bool accumulate) {
    soft::issueProduct({.c = c[0],
                        .columns = kColumns,
                        .a = a,
                        .b = b,
                        .accumulate = accumulate,
                        .toFloat = soft::halfToFloat<T>});
  }
};
template <class T, int kColumns>
struct RegisterProduct {
  static void add(float (&c)[kColumns / 8][4], const uint32_t (&a)[4], uint64_t b) {
    soft::issueProduct(
        {.c = c[0], .columns = kColumns, .b = b, .aRegisters = a, .toFloat = soft::halfToFloat<T>});
  }
};

}  // namespace ditscope::kernels::cuda
