// SPDX-License-Identifier: GPL-3.0-or-later
// Sentences about the selected cell, shared by panes, status bar, tooltips and the clipboard.
#pragma once

#include <QString>

#include <string_view>

#include "gui/models/trace.h"

namespace ditscope::gui {

[[nodiscard]] QString text(std::string_view utf8);
[[nodiscard]] QString numberText(double value, int digits = 3);  // "-" when not finite
[[nodiscard]] QString percentText(double fraction);              // "12.5 %", "-" when not finite
[[nodiscard]] QString capitalised(QString words);
[[nodiscard]] QString headTick(int layer, int head);  // "L2 H1", at an axis
[[nodiscard]] QString branchName(db::Branch branch);  // conditional, unconditional
[[nodiscard]] QString timeMethodName(db::TimeMethod method);

// "step 7 of 20, t 612, sigma 0.612"; the model's timestep and the noise level as far as they are known.
[[nodiscard]] QString stepText(const Trace& trace, int step);
[[nodiscard]] QString headText(const Trace& trace,
                               const Cell& cell);  // "layer 3 (blocks.3), head 2, conditional"

[[nodiscard]] db::TokenOrder orderOf(const Trace& trace, const Cell& cell);  // of its masks and masses

// The tokens of a block, in the order that the head has them: "tokens 128-255, frames 0-1"; frames only when
// the token grid is known and the tokens are in frame order, "text" where the block lies in the text span.
[[nodiscard]] QString blockTokens(const Trace& trace, const db::AttnCall& call, db::TokenOrder order,
                                  int block, bool isQuery);

// Block edges where a new frame begins, in units of blocks (not whole ones when frames and blocks do not
// align). Empty when the token grid is unknown, has one frame, or the tokens are not in frame order.
[[nodiscard]] std::vector<double> frameEdges(const Trace& trace, const db::AttnCall& call,
                                             db::TokenOrder order, bool isQuery);

}  // namespace ditscope::gui
