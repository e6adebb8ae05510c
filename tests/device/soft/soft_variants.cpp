// SPDX-License-Identifier: Apache-2.0
// The CUDA kernels, emulated, for the conformance suite: with copies that land at once and as late as they
// may.
#include <algorithm>
#include <vector>

#include "kernels/cuda/attention_cuda.h"
#include "tests/device/soft/soft_gpu.h"
#include "tests/device/variant_shapes.h"
#include "tests/kernels/attention_case.h"

namespace ditscope::kernels::test {
namespace {

void runSoft(const AttentionArgs& args, CudaVariant variant) {
  static uint32_t calls = 0;
  ++calls;
  soft::setSchedule({.seed = calls, .copiesAreLate = calls % 2 == 0});
  std::vector<uint8_t> scratch(cudaScratchBytes(args), 0xff);
  attentionCuda(args, {.variant = variant, .scratch = scratch.data()});
}

}  // namespace

std::vector<Variant> variants() {
  return cudaVariants("soft", runSoft);
}

}  // namespace ditscope::kernels::test
