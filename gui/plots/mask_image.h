// SPDX-License-Identifier: GPL-3.0-or-later
// Pictures of one head's blocks: the four classes shaded by mass, the mask alone, or the mass alone. Pooled
// pictures show the strongest class and the mean mass of the blocks of a pixel; a pixel that holds kept and
// missed blocks has a colour of its own, so that neither is hidden.
#pragma once

#include <QImage>

#include "gui/models/head_blocks.h"
#include "gui/plots/colour_map.h"
#include "gui/plots/theme.h"

namespace ditscope::gui {

[[nodiscard]] ValueScale massScale(const db::BlockMass& mass);  // logarithmic, from 1/100 of an even share
[[nodiscard]] QImage classImage(const HeadBlocks& blocks, const MaskColours& colours, int maxRows,
                                int maxCols);
[[nodiscard]] QImage stateImage(const db::BlockMask& mask, const MaskColours& colours, int maxRows,
                                int maxCols);
// Two masks of one shape; pooled pixels show what only one of them keeps before what both do.
[[nodiscard]] QImage pairImage(const db::BlockMask& first, const db::BlockMask& second,
                               const PairColours& colours, int maxRows, int maxCols);
[[nodiscard]] QImage massImage(const db::BlockMass& mass, const ValueScale& scale, int maxRows, int maxCols);

}  // namespace ditscope::gui
