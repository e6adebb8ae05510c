// SPDX-License-Identifier: GPL-3.0-or-later
// What other settings would have kept, computed from a recorded run without running anything: densities and
// recalls read off the recorded curves, errors from the lost mass, times from the latency model. Masks are
// taken to know the masses of their own step, so that recalls are the best such a method can reach.
// All predicted; pure functions, fast enough to follow a slider (a look-up a recorded head).
#pragma once

#include <QString>

#include <map>
#include <optional>
#include <vector>

#include "analyzer/tune/pricing.h"
#include "gui/models/window_curves.h"

namespace ditscope::gui {

enum class WhatIfRule : unsigned char {
  Density,   // the heaviest blocks of each row, this share of them
  Mass,      // as few of the heaviest blocks as hold this share of the mass
  Window,    // a band around the diagonal, this share of the key blocks on either side
  Recorded,  // what the run did
  Dense,
};
struct WhatIfSetting {
  WhatIfRule rule = WhatIfRule::Density;
  double value = 0.25;
  friend bool operator==(const WhatIfSetting&, const WhatIfSetting&) = default;
};
using LayerHead = std::pair<int, int>;

struct WhatIfPlan {
  WhatIfSetting all;
  std::map<LayerHead, WhatIfSetting> heads = {};  // those with a setting of their own
  int denseFirst = 0, denseLast = 0;  // recorded steps at the ends that are dense whatever the rule
  [[nodiscard]] const WhatIfSetting& of(LayerHead head) const;
  friend bool operator==(const WhatIfPlan&, const WhatIfPlan&) = default;
};
[[nodiscard]] QString settingText(const WhatIfSetting& setting);
[[nodiscard]] QString planText(const WhatIfPlan& plan);

struct WhatIfOutcome {
  double density = analyzer::kNaN, recall = analyzer::kNaN;  // means over all cells with a curve
  double lowestRecall = analyzer::kNaN;                      // of a head, mean over its steps
  LayerHead lowestHead;
  double error = analyzer::kNaN;  // mean; see analyzer::kErrorPerLostMass
  double ns = analyzer::kNaN, loNs = analyzer::kNaN, hiNs = analyzer::kNaN;  // attention kernels of the run
  double denseNs = analyzer::kNaN;
  bool extrapolated = false;              // outside what the latency model has seen, or there is no model
  double uniformRecall = analyzer::kNaN;  // of one density for all heads that keeps as many blocks
  int64_t withoutCurve = 0;               // cells left out
  [[nodiscard]] double speedup() const { return ns > 0 ? denseNs / ns : analyzer::kNaN; }
};

struct WhatIfData {  // borrowed; prices and windows may be missing
  const Trace* trace = nullptr;
  const CurveTable* curves = nullptr;
  const WindowTable* windows = nullptr;
  const analyzer::Prices* prices = nullptr;
};
[[nodiscard]] WhatIfOutcome evaluate(const WhatIfData& data, const WhatIfPlan& plan);
[[nodiscard]] WhatIfOutcome recordedOutcome(const Trace& trace);  // measured, as far as it was

// Fits the latency model to the run. Throws db::Error.
[[nodiscard]] std::shared_ptr<const analyzer::Prices> readPrices(
    const Trace& trace, const std::function<bool(int64_t, int64_t)>& progress = {});

}  // namespace ditscope::gui
