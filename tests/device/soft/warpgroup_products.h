// SPDX-License-Identifier: Apache-2.0
// wgmma in the emulator. Products run when a warpgroup waits for them: until then their accumulators hold
// NaN, and the weights that they read from registers must not change.
#pragma once

#include <cstdint>

namespace ditscope::kernels::soft {

using ToFloat = float (*)(uint16_t);

// c[columns / 8][4] = a * b + (accumulate ? c : 0); `a` is a descriptor, or packed pairs in registers.
struct Product {
  float* c = nullptr;
  int columns = 0;
  uint64_t a = 0, b = 0;
  const uint32_t* aRegisters = nullptr;
  uint32_t aAtIssue[4] = {};
  bool accumulate = true;
  ToFloat toFloat = nullptr;
};

void issueProduct(Product product);
void commitProducts();
// Called by every thread of the warpgroup: runs all committed groups but the last `pending` ones.
void waitProducts(int pending);

}  // namespace ditscope::kernels::soft
