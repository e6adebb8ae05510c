// SPDX-License-Identifier: Apache-2.0
// Which blocks each head computed: from the kernel's kept bits, and the plan that asked for them.
#pragma once

#include <vector>

#include "collector/methods/method.h"
#include "collector/plan_runner.h"
#include "db/block_mask.h"

namespace ditscope::collector {

// What a head's launch tells about it.
struct HeadLaunch {
  const Launch* launch = nullptr;
  size_t place = 0;  // of the head in its launch
};
[[nodiscard]] std::vector<HeadLaunch> headLaunches(const Plan& plan, int64_t heads);

// [H], in the token order of each head's launch; blocks of partial entries are Partial. The result has
// keptBits.
[[nodiscard]] std::vector<db::BlockMask> keptMasks(const std::vector<HeadLaunch>& heads,
                                                   const PlanResult& result, int32_t rows, int32_t cols);

}  // namespace ditscope::collector
