// SPDX-License-Identifier: Apache-2.0
// Runs a call whose arguments lie in host memory on the GPU: everything goes there and comes back.
#pragma once

#include "kernels/cuda/attention_cuda.h"

namespace ditscope::kernels::test {

// Throws as validate() and attentionCuda() do.
void attentionOnDevice(const AttentionArgs& args, CudaVariant variant);

}  // namespace ditscope::kernels::test
