// SPDX-License-Identifier: GPL-3.0-or-later
// A grid of numbers as what a heatmap shows: coloured by a scale, the mean where cells share a pixel, the
// number itself where it fits.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "gui/plots/colour_bar.h"
#include "gui/plots/heatmap_source.h"

namespace ditscope::gui {

struct ValueMap {
  int rows = 0, cols = 0;
  std::vector<double> values;  // [rows][cols]; NaN: not measured
  [[nodiscard]] double at(int row, int col) const { return values[size_t(row) * size_t(cols) + size_t(col)]; }
};
[[nodiscard]] HeatmapSource valueSource(std::shared_ptr<const ValueMap> map, const ValueScale& scale,
                                        ColourMapId colours, std::function<QString(double)> text = {});
// With what the values say of it: clipped ends, anything not measured.
[[nodiscard]] ColourLegend valueLegend(const ValueMap& map, const ValueScale& scale, ColourMapId colours,
                                       const QString& title, std::function<QString(double)> format);

}  // namespace ditscope::gui
