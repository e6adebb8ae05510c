// SPDX-License-Identifier: Apache-2.0
#include "tests/device/soft/tensor_copy.h"

#include <cstring>

#include "kernels/cuda/tensor_map.h"
#include "tests/device/soft/soft_gpu.h"

namespace ditscope::kernels {
namespace soft {
namespace {

struct SoftMap {
  cuda::DeviceTensor tensor;
  cuda::TensorMapShape shape;
};
static_assert(sizeof(SoftMap) <= sizeof(CUtensorMap));

SoftMap unpack(const CUtensorMap& map) {
  SoftMap soft;
  std::memcpy(static_cast<void*>(&soft), &map, sizeof(soft));
  return soft;
}

}  // namespace

int boxBytes(const CUtensorMap& map) {
  const cuda::TensorMapShape shape = unpack(map).shape;
  return shape.boxRows * shape.boxColumns * 2;
}

void copyBox(uint32_t to, const CUtensorMap& map, int d, int n, int h, int b) {
  const SoftMap soft = unpack(map);
  const int rowBytes = soft.shape.boxColumns * 2;
  if (to % (8 * uint32_t(rowBytes)) != 0) fail("a box begins between the atoms of its swizzle");
  const auto* data =
      static_cast<const uint16_t*>(soft.tensor.data) + b * soft.tensor.stride[0] + h * soft.tensor.stride[1];
  for (int row = 0; row < soft.shape.boxRows; ++row) {
    for (int column = 0; column < soft.shape.boxColumns; ++column) {
      const bool inside = n + row < soft.shape.rows && d + column < soft.shape.dim;
      const uint16_t value = inside ? data[(n + row) * soft.tensor.stride[2] + d + column] : uint16_t(0);
      const uint32_t address = swizzled(to + uint32_t(row * rowBytes + column * 2), rowBytes);
      std::memcpy(at(address, 2), &value, 2);
    }
  }
}

}  // namespace soft

namespace cuda {

CUtensorMap makeTensorMap(const DeviceTensor& tensor, DType, const TensorMapShape& shape) {
  const soft::SoftMap soft{tensor, shape};
  CUtensorMap map{};
  std::memcpy(&map, &soft, sizeof(soft));
  return map;
}

}  // namespace cuda
}  // namespace ditscope::kernels
