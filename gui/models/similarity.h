// SPDX-License-Identifier: GPL-3.0-or-later
// How alike the masks of one head are, step against step: Jaccard index of the kept blocks.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "db/block_mask.h"
#include "gui/models/trace.h"

namespace ditscope::gui {

struct MaskSimilarity {
  std::vector<int> steps;                           // recorded ones
  std::vector<std::optional<db::BlockMask>> masks;  // of each; empty: none was recorded
  std::vector<double> values;                       // [steps][steps]; NaN where one lacks its mask
  [[nodiscard]] double at(size_t a, size_t b) const { return values[a * steps.size() + b]; }
};
// progress(done, total) may return false to stop: db::Cancelled is thrown. Throws db::Error.
[[nodiscard]] std::shared_ptr<const MaskSimilarity> maskSimilarity(
    const Trace& trace, const Cell& head, const std::function<bool(int64_t, int64_t)>& progress = {});

// The values of b less those of a, over the steps that both have, with the masks of a.
[[nodiscard]] MaskSimilarity similarityDifference(const MaskSimilarity& a, const MaskSimilarity& b);

}  // namespace ditscope::gui
