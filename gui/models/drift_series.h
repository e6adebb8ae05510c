// SPDX-License-Identifier: GPL-3.0-or-later
// The drift of one head over the recorded steps, each against the step before; see db/model.h for the
// definitions. LSE in nats, mask drift in [0, 1], NaN where nothing was measured.
#pragma once

#include <vector>

#include "gui/models/trace.h"

namespace ditscope::gui {

struct DriftSeries {
  std::vector<double> steps;
  std::vector<double> mean, p50, p90;  // of |LSE change| over the query rows
  std::vector<double> layerMean;       // mean over the heads of the layer, for comparison
  std::vector<double> mask;

  [[nodiscard]] bool hasLse() const;
  [[nodiscard]] bool hasMask() const;
};
[[nodiscard]] DriftSeries driftSeries(const Trace& trace, const Cell& cell);

}  // namespace ditscope::gui
