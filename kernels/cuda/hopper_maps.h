// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/cuda/tensor_map.h"

namespace ditscope::kernels::cuda {

// Tensor maps of a call's Q, K and V: boxes of a block's rows by 64 columns, and for D = 72 by the 16 columns
// from 64 on (a copy of the first where D is a multiple of 64).
struct HopperMaps {
  CUtensorMap q[2], k[2], v[2];
};

[[nodiscard]] inline HopperMaps makeHopperMaps(const DeviceArgs& args) {
  HopperMaps maps;
  const auto fill = [&](CUtensorMap(&map)[2], const DeviceTensor& tensor, int heads, int rows, int boxRows) {
    TensorMapShape shape{args.batches, heads, rows, args.dim, boxRows, 64};
    map[0] = makeTensorMap(tensor, args.dtype, shape);
    shape.boxColumns = 16;
    map[1] = args.dim % 64 == 0 ? map[0] : makeTensorMap(tensor, args.dtype, shape);
  };
  fill(maps.q, args.q, args.heads, args.queries, args.qBlock);
  fill(maps.k, args.k, args.kvHeads, args.validKeys, args.kBlock);
  fill(maps.v, args.v, args.kvHeads, args.validKeys, args.kBlock);
  return maps;
}

}  // namespace ditscope::kernels::cuda
