// SPDX-License-Identifier: Apache-2.0
// Quality against cost as an SVG file: a panel a quality, a line a variant, its points the densities. The
// cost is the attention work of the whole run, dense steps included, as a share of the dense run's. Variants
// differ in colour (Okabe and Ito's, which colour-blind readers tell apart), mark and dash.
#pragma once

#include <string>
#include <vector>

#include "collector/compare/results.h"

namespace ditscope::collector::compare {

struct ParetoPoint {
  double cost = 1;   // x, drawn logarithmically
  double value = 0;  // y
};
struct ParetoLine {
  std::string name;
  std::vector<ParetoPoint> points;  // in any order; NaN are left out
};
struct ParetoPanel {
  std::string title;  // of the y axis, with its unit
  bool logarithmic = false;
  std::vector<ParetoLine> lines;  // the same names in the same order in every panel
};

[[nodiscard]] std::vector<ParetoPanel> paretoPanels(const Results& results);  // head error, sample PSNR
[[nodiscard]] std::string paretoSvg(const std::string& title, const std::vector<ParetoPanel>& panels);

}  // namespace ditscope::collector::compare
