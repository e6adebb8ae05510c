// SPDX-License-Identifier: Apache-2.0
// Where a run computes, and in which numbers.
#pragma once

#include <string>

#include "collector/denoiser.h"

namespace ditscope::collector {

// device: auto (a GPU where attention can run on it), cpu or cuda; dtype: auto (f32 on a CPU, bf16 on a GPU),
// f32, f16 or bf16. Throws db::Error where the device is not to be had.
[[nodiscard]] LoadOptions choosePlacement(const std::string& device, const std::string& dtype);

[[nodiscard]] std::string dtypeText(at::ScalarType dtype);  // float32, float16, bfloat16

}  // namespace ditscope::collector
