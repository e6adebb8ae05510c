// SPDX-License-Identifier: GPL-3.0-or-later
// What a band around the diagonal would keep of every recorded head: recall and density over the width of the
// band, from the recorded block masses. Widths are shares of the key blocks on either side.
#pragma once

#include "gui/models/curves.h"

namespace ditscope::gui {

inline constexpr int kWindowPoints = 32;
[[nodiscard]] constexpr double windowReach(int i) {  // share of the key blocks on either side
  const double x = i / double{kWindowPoints - 1};
  return x * x;
}

struct WindowTable {
  std::vector<float> recall;   // [rows of Trace::table][kWindowPoints]; NaN = no masses
  std::vector<float> density;  // likewise
  [[nodiscard]] bool has(size_t row) const { return recall[row * kWindowPoints] >= 0; }
};
using WindowTablePtr = std::shared_ptr<const WindowTable>;

struct WindowCurve {
  std::vector<float> recall, density;  // kWindowPoints
};
[[nodiscard]] WindowCurve windowCurve(const db::BlockMass& mass);

// progress(done, total) may return false to stop: db::Cancelled is thrown. Throws db::Error.
[[nodiscard]] WindowTablePtr readWindows(const Trace& trace,
                                         const std::function<bool(int64_t, int64_t)>& progress = {});

}  // namespace ditscope::gui
