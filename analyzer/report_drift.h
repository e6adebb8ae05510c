// SPDX-License-Identifier: Apache-2.0
// What `ditscope drift` prints: how LSE and masks move, by step over all heads, then head by head.
#pragma once

#include <optional>
#include <string>

#include "analyzer/drift.h"
#include "analyzer/text_style.h"

namespace ditscope::analyzer {

// `top`: only so many heads, those whose LSE drifts most (masks, where no LSE was measured) first.
[[nodiscard]] std::string driftText(const DriftTable& drift, std::optional<size_t> top,
                                    const TextStyle& style);
[[nodiscard]] std::string driftCsv(const DriftTable& drift);  // a line a step and head
[[nodiscard]] std::string driftJson(const std::string& file, const DriftTable& drift);  // ditscope.drift/1

}  // namespace ditscope::analyzer
