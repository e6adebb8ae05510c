// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/models/window_curves.h"

#include <algorithm>
#include <cmath>

namespace ditscope::gui {

WindowCurve windowCurve(const db::BlockMass& mass) {
  WindowCurve curve{std::vector<float>(kWindowPoints, 0), std::vector<float>(kWindowPoints, 0)};
  double rowsWithMass = 0;
  for (int row = 0; row < mass.rows; ++row) {
    std::vector<double> before(size_t(mass.cols) + 1, 0);  // mass of the key blocks before each
    for (int col = 0; col < mass.cols; ++col) {
      const float value = mass.at(row, col);
      before[size_t(col) + 1] = before[size_t(col)] + (value > 0 ? double(value) : 0);
    }
    const double whole = before.back();
    rowsWithMass += whole > 0;
    const double middle = (row + 0.5) * mass.cols / mass.rows;
    for (int i = 0; i < kWindowPoints; ++i) {
      const double reach = windowReach(i) * mass.cols;
      const int first = std::clamp(int(std::floor(middle - reach)), 0, mass.cols - 1);
      const int last = std::clamp(int(std::floor(middle + reach)), first, mass.cols - 1);
      curve.density[size_t(i)] += float(last - first + 1) / float(mass.cols) / float(mass.rows);
      if (whole > 0)
        curve.recall[size_t(i)] += float((before[size_t(last) + 1] - before[size_t(first)]) / whole);
    }
  }
  for (float& recall : curve.recall)
    recall = rowsWithMass > 0 ? recall / float(rowsWithMass) : db::kNotMeasured;
  return curve;
}

WindowTablePtr readWindows(const Trace& trace, const std::function<bool(int64_t, int64_t)>& progress) {
  const db::TraceReader reader(trace.path, {.quickCheck = false, .cancelled = {}});
  auto table = std::make_shared<WindowTable>();
  table->recall.assign(trace.table.size() * kWindowPoints, db::kNotMeasured);
  table->density = table->recall;
  for (size_t row = 0; row < trace.table.size(); ++row) {
    if (progress && row % 16 == 0 && !progress(int64_t(row), int64_t(trace.table.size())))
      throw db::Cancelled();
    const auto mass = reader.mass(trace.table.callId[row], trace.table.head[row]);
    if (!mass || mass->rows == 0 || mass->cols == 0) continue;
    const WindowCurve curve = windowCurve(*mass);
    const auto at = std::ptrdiff_t(row * kWindowPoints);
    std::copy(curve.recall.begin(), curve.recall.end(), table->recall.begin() + at);
    std::copy(curve.density.begin(), curve.density.end(), table->density.begin() + at);
  }
  return table;
}

}  // namespace ditscope::gui
