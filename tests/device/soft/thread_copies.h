// SPDX-License-Identifier: Apache-2.0
// cp.async in the emulator: each thread has groups of copies, which land at once or when it waits for them.
#pragma once

#include <cstdint>

namespace ditscope::kernels::soft {

// 16 bytes, zeros from nullptr.
void copy16(uint32_t to, const void* from);
void commitCopies();
void waitCopies(int pending);

}  // namespace ditscope::kernels::soft
