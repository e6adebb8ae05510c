// SPDX-License-Identifier: Apache-2.0
#include "kernels/cuda/tensor_map.h"

#include <cudaTypedefs.h>

#include <algorithm>
#include <stdexcept>
#include <string>

#include "kernels/cuda/launch.h"

namespace ditscope::kernels::cuda {
namespace {

// Asked of the runtime, so that programs need not be linked with the driver's library.
PFN_cuTensorMapEncodeTiled_v12000 encoder() {
  static const auto encode = [] {
    void* found = nullptr;
    cudaDriverEntryPointQueryResult result{};
    check(
        cudaGetDriverEntryPointByVersion("cuTensorMapEncodeTiled", &found, 12000, cudaEnableDefault, &result),
        "cuTensorMapEncodeTiled");
    return reinterpret_cast<PFN_cuTensorMapEncodeTiled_v12000>(found);
  }();
  return encode;
}

}  // namespace

CUtensorMap makeTensorMap(const DeviceTensor& tensor, DType dtype, const TensorMapShape& shape) {
  const auto size = [](int n) { return cuuint64_t(std::max(n, 1)); };
  const auto bytes = [](int64_t stride) { return cuuint64_t(std::max<int64_t>(stride * 2, 16)); };
  const cuuint64_t sizes[4] = {size(shape.dim), size(shape.rows), size(shape.heads), size(shape.batches)};
  const cuuint64_t strides[3] = {bytes(tensor.stride[2]), bytes(tensor.stride[1]), bytes(tensor.stride[0])};
  const cuuint32_t box[4] = {cuuint32_t(shape.boxColumns), cuuint32_t(shape.boxRows), 1, 1};
  const cuuint32_t steps[4] = {1, 1, 1, 1};
  CUtensorMap map;
  const CUresult status = encoder()(
      &map, dtype == DType::BF16 ? CU_TENSOR_MAP_DATA_TYPE_BFLOAT16 : CU_TENSOR_MAP_DATA_TYPE_FLOAT16, 4,
      tensor.data, sizes, strides, box, steps, CU_TENSOR_MAP_INTERLEAVE_NONE,
      shape.boxColumns == 64 ? CU_TENSOR_MAP_SWIZZLE_128B : CU_TENSOR_MAP_SWIZZLE_32B,
      CU_TENSOR_MAP_L2_PROMOTION_L2_256B, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
  if (status != CUDA_SUCCESS)
    throw std::runtime_error("attention (wgmma): the driver refused a tensor map, CUresult " +
                             std::to_string(int(status)));
  return map;
}

}  // namespace ditscope::kernels::cuda
