// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstdint>

namespace ditscope::kernels::soft {

// T: __nv_bfloat16 or __half.
template <class T>
float halfToFloat(uint16_t bits) {
  return float(std::bit_cast<T>(bits));
}

}  // namespace ditscope::kernels::soft
