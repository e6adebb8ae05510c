// SPDX-License-Identifier: Apache-2.0
// What the arithmetic units can do, measured: the ceiling that kernels are compared with in the same process.
#pragma once

#include <cstdint>

namespace ditscope::kernels {

// Runs `steps` rounds of 24 independent fused multiply-adds on whole vectors of the instruction set in use,
// on the calling thread, and returns their floating-point operations. Time it to get the peak rate.
int64_t runFmaChains(int64_t steps);

}  // namespace ditscope::kernels
