// SPDX-License-Identifier: GPL-3.0-or-later
// What kind of pattern each head has at each step: as the sparsity method decided, or as the shape of the
// recorded mask shows.
#pragma once

#include <QString>
#include <functional>
#include <memory>
#include <vector>

#include "db/block_mask.h"
#include "gui/models/trace.h"

namespace ditscope::gui {

enum class PatternSource : unsigned char { Decision, Shape };

// Of the kept blocks, in this order; the first that fits. `perFrame`: blocks of a frame, 0 when not known.
enum class PatternShape : unsigned char {
  None,     // keeps nothing
  Dense,    // 95 % of the blocks
  Columns,  // most kept blocks lie in key blocks that nearly every row keeps: sinks, text
  Window,   // most lie near the diagonal
  Stripes,  // most lie on diagonals one frame apart: the same place in other frames
  Scattered,
};
[[nodiscard]] QString shapeName(PatternShape shape);
[[nodiscard]] PatternShape shapeOf(const db::BlockMask& mask, double perFrame);

struct PatternTable {
  std::vector<QString> classes;  // most frequent first; at most kMostClasses, the last then "other"
  std::vector<int64_t> counts;   // cells of each class
  std::vector<int> cell;         // [rows of Trace::table]: its class; -1 = not known
  static constexpr size_t kMostClasses = 8;
};
// progress(done, total) may return false to stop: db::Cancelled is thrown. Throws db::Error.
[[nodiscard]] std::shared_ptr<const PatternTable> readPatterns(
    const Trace& trace, PatternSource source, const std::function<bool(int64_t, int64_t)>& progress = {});

// Changes of class from one known step to the next, of one (layer, head, branch) in order of steps.
[[nodiscard]] int flips(const std::vector<int>& classes);

}  // namespace ditscope::gui
