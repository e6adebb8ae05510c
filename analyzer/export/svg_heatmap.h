// SPDX-License-Identifier: Apache-2.0
// A grid of one quantity as an SVG picture inside an HTML page: cells with their values as text where they
// fit and as tooltips, axes, a colour bar, and what was not measured hatched.
#pragma once

#include <functional>
#include <string>

#include "analyzer/head_table.h"

namespace ditscope::analyzer {

struct Heatmap {
  Quantity quantity = Quantity::Recall;
  std::string title;               // plain text
  std::string rowTitle, colTitle;  // plain text
  std::string note = {};           // plain text; empty = the definition of the quantity
  Grid grid;
  // Of a row and column for tooltips, plain text.
  std::function<std::string(const CellKey& row, const CellKey& col)> place;
};

// Gradient and hatch that the pictures refer to; once in a page.
[[nodiscard]] std::string heatmapDefinitions();
// A <figure>; empty when nothing of the quantity was measured.
[[nodiscard]] std::string heatmapFigure(const Heatmap& map);

}  // namespace ditscope::analyzer
