// SPDX-License-Identifier: Apache-2.0
// What topk and topp share: where the weights of the blocks come from, and when they are made anew. The
// methods differ in how they choose by weight.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "collector/methods/method.h"
#include "kernels/mask_search.h"

namespace ditscope::collector {

// Sets kept[i] to 0 or 1 for each block of the grid by its weight, which has the same layout.
using BlockSelector = std::function<void(const kernels::BlockGrid& grid, std::span<const float> weights,
                                         std::span<uint8_t> kept)>;

// `own` and, behind it, the keys that the two methods share: source, search_every, scope, min_keep, and those
// of the dense schedule.
[[nodiscard]] std::vector<ParameterSpec> withMassSelection(std::vector<ParameterSpec> own);

[[nodiscard]] kernels::SelectionScope selectionScope(const Parameters& parameters);

// The weights of a row are the shares of its softmax; over a whole head a row block weighs as many rows as it
// has. A block row keeps at least its min_keep heaviest blocks, whatever `select` says; text is kept on top.
// `decision` goes into the plan of every sparse call.
[[nodiscard]] std::unique_ptr<Method> makeMassMethod(const Parameters& parameters, const SamplingPlan& plan,
                                                     BlockSelector select, db::HeadDecision decision);

}  // namespace ditscope::collector
