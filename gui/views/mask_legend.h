// SPDX-License-Identifier: GPL-3.0-or-later
// What the colours of a block mask mean: the swatches with their shares, the scale of masses, and notes.
#pragma once

#include <QSize>
#include <vector>

#include "gui/models/head_blocks.h"
#include "gui/plots/class_legend.h"
#include "gui/plots/colour_bar.h"

namespace ditscope::gui {

enum class MaskShow { Classes, Mass, Mask, Difference, KeptShare };

[[nodiscard]] CellMark markOf(analyzer::BlockClass blockClass);
[[nodiscard]] CellMark markOf(MaskPair pair);  // a slash: only the first keeps it, a cross: only the second
// `pooled`: cells share pixels. Empty for masses, which have a scale instead.
[[nodiscard]] std::vector<ClassEntry> maskEntries(const HeadBlocks& blocks, MaskShow show, bool dark,
                                                  bool pooled);
// Of two masks; `first` and `second` are how they are called.
[[nodiscard]] std::vector<ClassEntry> pairEntries(const PairCounts& counts, bool dark, const QString& first,
                                                  const QString& second);
[[nodiscard]] ColourLegend massLegend(const db::BlockMass& mass);
[[nodiscard]] ColourLegend keptLegend();  // of shares of kept pairs, 0 to 1
[[nodiscard]] QString maskNote(MaskShow show, QSize pooling);

}  // namespace ditscope::gui
