// SPDX-License-Identifier: Apache-2.0
#include "tests/device/variant_shapes.h"

#include <algorithm>

namespace ditscope::kernels::test {
namespace {

// P and the inputs have 8 bits in bf16.
constexpr double kHalfError = 4e-3;
constexpr double kHalfLseError = 1e-4;

Shape forMma(Shape shape) {
  if (shape.dtype == DType::F32) shape.dtype = DType::BF16;
  shape.dim = std::clamp<int64_t>((shape.dim + 7) / 8 * 8, 16, 128);
  return shape;
}

Shape forWgmma(Shape shape) {
  shape = forMma(shape);
  shape.dim = shape.dim <= 64 ? 64 : shape.dim <= 80 ? 72 : 128;
  shape.block = std::max(shape.block, 64);
  return shape;
}

}  // namespace

std::vector<Variant> cudaVariants(const std::string& prefix,
                                  const std::function<void(const AttentionArgs&, CudaVariant)>& run) {
  return {
      {.name = prefix + "Plain", .run = [run](const AttentionArgs& args) { run(args, CudaVariant::Plain); }},
      {.name = prefix + "Mma",
       .run = [run](const AttentionArgs& args) { run(args, CudaVariant::Mma); },
       .relativeError = kHalfError,
       .lseError = kHalfLseError,
       .adapt = forMma},
      {.name = prefix + "Wgmma",
       // A call without a valid key is none that Wgmma takes; Auto gives it to another kernel.
       .run =
           [run](const AttentionArgs& args) {
             const bool hasKeys = args.validKeys != 0 && args.k.size[2] != 0;
             run(args, hasKeys ? CudaVariant::Wgmma : CudaVariant::Auto);
           },
       .relativeError = kHalfError,
       .lseError = kHalfLseError,
       .adapt = forWgmma,
       .runsBlocks = [](int32_t qBlock, int32_t kBlock) { return qBlock == kBlock && qBlock >= 64; }}};
}

}  // namespace ditscope::kernels::test
