// SPDX-License-Identifier: GPL-3.0-or-later
// Where the time of each sampling step goes: attention kernels, mask search, the rest of the model, and what
// recording cost on top. Milliseconds.
#pragma once

#include <vector>

#include "gui/models/trace.h"

namespace ditscope::gui {

struct StepTimes {
  std::vector<double> steps;
  std::vector<double> attention, search, record;
  std::vector<double> rest;                     // NaN where the step was not timed, or its parts overlap
  [[nodiscard]] double total(size_t at) const;  // without the recording
  [[nodiscard]] double top() const;             // highest bar
};
[[nodiscard]] StepTimes stepTimes(const Trace& trace);
// What the second has more, step for step; NaN where one lacks the step.
[[nodiscard]] StepTimes difference(const StepTimes& before, const StepTimes& after);

}  // namespace ditscope::gui
