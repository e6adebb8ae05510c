// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda.h>

#include "kernels/cuda/device_args.h"

namespace ditscope::kernels::cuda {

// How TMA reads a 16-bit tensor [B, H, N, D] by boxes of boxRows x boxColumns (64 or 16) elements of one
// head; outside rows x dim it reads zeros. Throws std::runtime_error when the driver refuses.
struct TensorMapShape {
  int batches, heads, rows, dim;
  int boxRows, boxColumns;
};
[[nodiscard]] CUtensorMap makeTensorMap(const DeviceTensor& tensor, DType dtype, const TensorMapShape& shape);

}  // namespace ditscope::kernels::cuda
