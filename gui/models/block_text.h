// SPDX-License-Identifier: GPL-3.0-or-later
// Sentences about one block of a head, for readouts, the status bar and the clipboard.
#pragma once

#include <QString>

#include "gui/models/head_blocks.h"
#include "gui/models/trace.h"

namespace ditscope::gui {

// "query block 3 (tokens 192-255, frame 0), key block 4 (...): 3.5 % of the row's mass, rank 3 of 32, kept
// and heavy; row recall 27.8 %"; as much of it as was recorded. Empty outside the map.
[[nodiscard]] QString blockText(const Trace& trace, const db::AttnCall& call, db::TokenOrder order,
                                const HeadBlocks& blocks, int row, int col);
// "query block 3, key block 4, tokens in (y, x, frame) order: 12 % of the pairs kept, 3.5 % of the row's
// mass"
[[nodiscard]] QString reorderedBlockText(const HeadBlocks& blocks, int row, int col);

// "tokens in (y, x, frame) order" and the like.
[[nodiscard]] QString orderText(db::TokenOrder order);

// The mean share of a query row's mass that each key block gets: where it stands out, everything looks there.
[[nodiscard]] std::vector<double> columnMass(const db::BlockMass& mass);

}  // namespace ditscope::gui
