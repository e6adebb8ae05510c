// SPDX-License-Identifier: GPL-3.0-or-later
// Does sparsity become speed? Each attention call against the dense ones of its layer, and on the roofline:
// operations a byte that has to move at least (Q, K, V and O once) against operations a second.
#pragma once

#include <vector>

#include "gui/models/trace.h"

namespace ditscope::gui {

struct CallSpeed {
  size_t call = 0;                     // in Trace::facts.calls
  double density = analyzer::kNaN;     // blocks computed / valid, all heads
  double speedup = analyzer::kNaN;     // dense time of the layer / this one's; NaN without a dense call
  double withSearch = analyzer::kNaN;  // likewise, mask search counted
  double intensity = analyzer::kNaN;   // FLOP / byte
  double flopPerSecond = analyzer::kNaN;
};
struct SpeedTable {
  std::vector<CallSpeed> calls;
  double bestFlopPerSecond = 0;  // of a call of this run: the roof that was seen, not the machine's
  bool hasDense = false;
};
[[nodiscard]] SpeedTable callSpeeds(const Trace& trace);

}  // namespace ditscope::gui
