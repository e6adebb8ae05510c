// SPDX-License-Identifier: Apache-2.0
// The CUDA kernels as variants of the conformance suite, and the nearest shapes that they can run.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "kernels/cuda/attention_cuda.h"
#include "tests/kernels/attention_case.h"

namespace ditscope::kernels::test {

// run: attentionCuda() on a case in host memory.
std::vector<Variant> cudaVariants(const std::string& prefix,
                                  const std::function<void(const AttentionArgs&, CudaVariant)>& run);

}  // namespace ditscope::kernels::test
