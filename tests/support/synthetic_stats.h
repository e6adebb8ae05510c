// SPDX-License-Identifier: Apache-2.0
// What a recorder would compute of one head, from its block masses and mask. Plain and slow on purpose.
#pragma once

#include <span>

#include "db/block_mask.h"
#include "db/model.h"

namespace ditscope::tests {

// Keeps the heaviest blocks of each query block as seen through a blurred estimate, so that some heavy blocks
// are missed; the least of them counts as partial.
[[nodiscard]] db::BlockMask topKMask(const db::BlockMass& mass, double density);

// lastLse is empty at the first step. Times and mask drift are left to the caller.
[[nodiscard]] db::HeadStats statsOf(const db::BlockMass& mass, const db::BlockMask& mask,
                                    std::span<const float> lse, std::span<const float> lastLse);

[[nodiscard]] db::RecallCurve recallCurveOf(const db::BlockMass& mass);

}  // namespace ditscope::tests
