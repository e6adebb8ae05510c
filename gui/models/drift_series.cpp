// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/models/drift_series.h"

#include <algorithm>
#include <cmath>

namespace ditscope::gui {
namespace {

bool anyFinite(const std::vector<double>& values) {
  return std::any_of(values.begin(), values.end(), [](double v) { return std::isfinite(v); });
}

}  // namespace

bool DriftSeries::hasLse() const {
  return anyFinite(mean) || anyFinite(p50) || anyFinite(p90);
}
bool DriftSeries::hasMask() const {
  return anyFinite(mask);
}

DriftSeries driftSeries(const Trace& trace, const Cell& cell) {
  using analyzer::Quantity;
  DriftSeries series;
  for (const int step : trace.extent.steps) {
    Cell at = cell;
    at.step = step;
    series.steps.push_back(step);
    series.mean.push_back(trace.value(at, Quantity::LseDrift));
    series.p50.push_back(trace.value(at, Quantity::LseDriftP50));
    series.p90.push_back(trace.value(at, Quantity::LseDriftP90));
    series.mask.push_back(trace.value(at, Quantity::MaskDrift));
    analyzer::Summary layer;
    for (at.head = 0; at.head < trace.extent.heads; ++at.head) layer.add(trace.value(at, Quantity::LseDrift));
    series.layerMean.push_back(layer.mean());
  }
  return series;
}

}  // namespace ditscope::gui
