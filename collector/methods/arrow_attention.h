// SPDX-License-Identifier: Apache-2.0
// DiTFastAttnV2 (arXiv 2503.22796): each head has full attention, "arrow" attention (a window along the image
// or video tokens, text rows and columns full) or its output of the step before, whichever saves most while
// the relative squared errors MSE(o, o_full) / Var(o_full) of the heads of a layer sum to at most alpha. The
// paper decides by calibration for each step; here each dense step that sparse ones follow measures the
// candidates on its own inputs and decides for the steps up to the next dense one. The error of sharing an
// output is that of an output one step old.
#pragma once

#include <memory>

#include "collector/methods/periodic_schedule.h"

namespace ditscope::collector {

// alpha: of each layer and branch.
[[nodiscard]] std::unique_ptr<Method> makeArrowAttention(double alpha, const PeriodicSchedule& schedule);

}  // namespace ditscope::collector
