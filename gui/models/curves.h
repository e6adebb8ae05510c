// SPDX-License-Identifier: GPL-3.0-or-later
// The recall curves of a trace: for every recorded head the recall when the heaviest blocks of each query row
// are kept, over density. Kept whole in memory (64 floats a cell), because every budget is read off them.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "gui/models/trace.h"

namespace ditscope::gui {

struct CurveTable {
  std::vector<float> recall;  // [rows of Trace::table][db::kCurvePoints]; NaN = not recorded
  [[nodiscard]] std::span<const float> of(size_t row) const {
    return std::span(recall).subspan(row * db::kCurvePoints, db::kCurvePoints);
  }
  [[nodiscard]] bool has(size_t row) const { return recall[row * db::kCurvePoints] >= 0; }
  [[nodiscard]] bool any() const;
};
using CurveTablePtr = std::shared_ptr<const CurveTable>;

// progress(done, total) may return false to stop: db::Cancelled is thrown. Throws db::Error.
[[nodiscard]] CurveTablePtr readCurves(const Trace& trace,
                                       const std::function<bool(int64_t, int64_t)>& progress = {});

// Recall at a density between the points of a curve; 1 at density 1, NaN of a curve that was not recorded.
[[nodiscard]] double recallAt(std::span<const float> curve, double density);

// One head with its steps together: both branches, all calls that are neither dense nor a search.
struct HeadCurve {
  int layer = 0;
  int head = 0;
  std::vector<double> recall;                                  // mean curve, kCurvePoints
  double density = analyzer::kNaN, recorded = analyzer::kNaN;  // what the run did: means
  [[nodiscard]] std::vector<float> asFloats() const { return {recall.begin(), recall.end()}; }
};
// By layer and head. When no call is sparse, all calls count.
[[nodiscard]] std::vector<HeadCurve> headCurves(const Trace& trace, const CurveTable& curves);

struct RecallPoint {  // means over heads
  double density = 0;
  double recall = 0;
};
// What the run did with each head, in the order of headCurves(); of a trace without curves too.
[[nodiscard]] std::vector<RecallPoint> recordedHeads(const Trace& trace);
// The same density for every head, at the points of the curves.
[[nodiscard]] std::vector<RecallPoint> uniformFront(std::span<const HeadCurve> heads);
// The most recall that a mean density buys when every head has its own: the densities that are best for one
// price of density, for falling prices.
[[nodiscard]] std::vector<RecallPoint> perHeadFront(std::span<const HeadCurve> heads);
[[nodiscard]] double recallOf(std::span<const RecallPoint> front,
                              double density);  // between points; NaN outside

}  // namespace ditscope::gui
