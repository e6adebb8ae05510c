// SPDX-License-Identifier: Apache-2.0
// The CUDA kernels on a GPU for the conformance suite.
#include "tests/device/device_copy.h"
#include "tests/device/variant_shapes.h"

namespace ditscope::kernels::test {

std::vector<Variant> variants() {
  return cudaVariants("cuda", attentionOnDevice);
}

}  // namespace ditscope::kernels::test
