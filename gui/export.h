// SPDX-License-Identifier: GPL-3.0-or-later
// A pane as a file: its name's end says which: .png (twice the pixels), .svg and .pdf (lines and text stay
// vectors, maps are bitmaps), .csv (the numbers behind it). Throws db::Error.
#pragma once

#include <QString>

#include "gui/views/pane.h"

namespace ditscope::gui {

inline constexpr double kPictureScale = 2;  // pixels of an exported or copied picture, of one of the pane

void exportPane(Pane& pane, const QString& path);

}  // namespace ditscope::gui
