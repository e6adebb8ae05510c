// SPDX-License-Identifier: Apache-2.0
#include "kernels/cpu_clock.h"

namespace ditscope::kernels {

int64_t runAddChain(int64_t cycles) {
  constexpr int kUnrolled = 32;
  int64_t sum = cycles, term = 1;
  asm volatile("" : "+r"(term));  // a register: some processors add small constants for nothing
  const int64_t steps = cycles / kUnrolled;
  for (int64_t step = 0; step < steps; ++step) {
#pragma GCC unroll 32
    for (int i = 0; i < kUnrolled; ++i) {
      sum += term;
      asm volatile("" : "+r"(sum));  // the compiler may not join two of them
    }
  }
  return steps * kUnrolled;
}

}  // namespace ditscope::kernels
