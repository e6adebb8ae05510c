// SPDX-License-Identifier: Apache-2.0
#include "collector/placement.h"

#include <optional>

#include "collector/cuda/device.h"
#include "db/error.h"

namespace ditscope::collector {

LoadOptions choosePlacement(const std::string& device, const std::string& dtype) {
  LoadOptions where;
  if (device != "cpu") {
    const std::optional<cuda::Absence> absence = cuda::absence();
    if (absence && device == "cuda") {
      throw db::Error(db::Error::Kind::BadInput, "--device cuda", absence->why, absence->remedy);
    }
    if (!absence) where.device = at::Device(at::kCUDA, 0);
  }
  const bool wide = dtype == "auto" && where.device.is_cpu();
  where.dtype = wide || dtype == "f32" ? at::kFloat : dtype == "f16" ? at::kHalf : at::kBFloat16;
  return where;
}

std::string dtypeText(at::ScalarType dtype) {
  return dtype == at::kHalf ? "float16" : dtype == at::kBFloat16 ? "bfloat16" : "float32";
}

}  // namespace ditscope::collector
