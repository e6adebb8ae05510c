// SPDX-License-Identifier: Apache-2.0
// How fast the processor is clocked, measured without rights: an addition that waits for the one before takes
// one cycle on every processor of the last decades, whatever else the core does.
#pragma once

#include <cstdint>

namespace ditscope::kernels {

// Runs a chain of additions on the calling thread and returns its length in cycles. Divide by the processor
// time that it took.
int64_t runAddChain(int64_t cycles);

}  // namespace ditscope::kernels
