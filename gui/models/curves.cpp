// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/models/curves.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace ditscope::gui {
namespace {

using db::curveDensity;
using db::kCurvePoints;

// Point of the curve that is best when a unit of density costs `price` recall.
int bestPoint(const HeadCurve& head, double price) {
  int best = 0;
  double value = -1e9;
  for (int i = 0; i < kCurvePoints; ++i) {
    const double now = head.recall[size_t(i)] - price * curveDensity(i);
    if (now <= value) continue;
    value = now;
    best = i;
  }
  return best;
}

struct CurveSums {
  std::vector<double> recall = std::vector<double>(kCurvePoints, 0.0);
  int64_t curves = 0;
  analyzer::Summary density, recorded;
};

void add(CurveSums& sums, const Trace& trace, const CurveTable* curves, size_t row) {
  sums.density.add(trace.table.column(analyzer::Quantity::DensityQk)[row]);
  sums.recorded.add(trace.table.column(analyzer::Quantity::Recall)[row]);
  if (curves == nullptr || !curves->has(row)) return;
  ++sums.curves;
  const auto curve = curves->of(row);
  for (size_t i = 0; i < curve.size(); ++i) sums.recall[i] += double(curve[i]);
}

// By layer and head: of the calls that are neither dense nor a search, of all when none is.
std::map<std::pair<int, int>, CurveSums> sumsOfHeads(const Trace& trace, const CurveTable* curves) {
  std::map<std::pair<int, int>, CurveSums> sparse, all;
  std::map<int64_t, bool> isSparse;
  for (const db::AttnCall& call : trace.facts.calls) isSparse[call.id] = analyzer::isSparse(call);
  for (size_t row = 0; row < trace.table.size(); ++row) {
    const std::pair key(trace.table.layer[row], trace.table.head[row]);
    add(all[key], trace, curves, row);
    if (isSparse[trace.table.callId[row]]) add(sparse[key], trace, curves, row);
  }
  return sparse.empty() ? all : sparse;
}

}  // namespace

bool CurveTable::any() const {
  for (size_t at = 0; at < recall.size(); at += kCurvePoints)
    if (recall[at] >= 0) return true;
  return false;
}

CurveTablePtr readCurves(const Trace& trace, const std::function<bool(int64_t, int64_t)>& progress) {
  const db::TraceReader reader(trace.path, {.quickCheck = false, .cancelled = {}});
  auto curves = std::make_shared<CurveTable>();
  curves->recall.assign(trace.table.size() * kCurvePoints, db::kNotMeasured);
  for (size_t row = 0; row < trace.table.size(); ++row) {
    if (progress && row % 64 == 0 && !progress(int64_t(row), int64_t(trace.table.size())))
      throw db::Cancelled();
    const auto curve = reader.recallCurve(trace.table.callId[row], trace.table.head[row]);
    if (curve && curve->byRow.size() == kCurvePoints)
      std::copy(curve->byRow.begin(), curve->byRow.end(),
                curves->recall.begin() + std::ptrdiff_t(row * kCurvePoints));
  }
  return curves;
}

double recallAt(std::span<const float> curve, double density) {
  if (curve.size() != kCurvePoints || std::isnan(curve[0])) return analyzer::kNaN;
  if (!(density > 0)) return 0;
  const double at = std::sqrt(std::min(density, 1.0)) * kCurvePoints - 1;  // inverse of curveDensity
  if (at <= 0) return double(curve[0]) * density / curveDensity(0);
  const int below = std::min(int(at), kCurvePoints - 2);
  const double share = (density - curveDensity(below)) / (curveDensity(below + 1) - curveDensity(below));
  return double(curve[size_t(below)]) +
         std::min(share, 1.0) * double(curve[size_t(below) + 1] - curve[size_t(below)]);
}

std::vector<HeadCurve> headCurves(const Trace& trace, const CurveTable& curves) {
  std::vector<HeadCurve> heads;
  for (const auto& [key, sums] : sumsOfHeads(trace, &curves)) {
    HeadCurve head{.layer = key.first, .head = key.second, .recall = sums.recall};
    head.density = sums.density.mean();
    head.recorded = sums.recorded.mean();
    for (double& value : head.recall) value = sums.curves > 0 ? value / double(sums.curves) : analyzer::kNaN;
    if (sums.curves > 0) heads.push_back(std::move(head));
  }
  return heads;
}

std::vector<RecallPoint> recordedHeads(const Trace& trace) {
  std::vector<RecallPoint> points;
  for (const auto& [key, sums] : sumsOfHeads(trace, nullptr))
    points.push_back({sums.density.mean(), sums.recorded.mean()});
  return points;
}

std::vector<RecallPoint> uniformFront(std::span<const HeadCurve> heads) {
  std::vector<RecallPoint> front;
  for (int i = 0; i < kCurvePoints && !heads.empty(); ++i) {
    RecallPoint point{curveDensity(i), 0};
    for (const HeadCurve& head : heads) point.recall += head.recall[size_t(i)] / double(heads.size());
    front.push_back(point);
  }
  return front;
}

std::vector<RecallPoint> perHeadFront(std::span<const HeadCurve> heads) {
  std::vector<RecallPoint> front;
  constexpr double kDearest = 256, kCheapest = 1.0 / 256, kFall = 1.12;
  for (double price = kDearest; price >= kCheapest && !heads.empty(); price /= kFall) {
    RecallPoint point;
    for (const HeadCurve& head : heads) {
      const int at = bestPoint(head, price);
      point.density += curveDensity(at) / double(heads.size());
      point.recall += head.recall[size_t(at)] / double(heads.size());
    }
    if (front.empty() || point.density > front.back().density + 1e-9) front.push_back(point);
  }
  if (!front.empty() && front.back().density < 1) front.push_back({1, 1});
  return front;
}

double recallOf(std::span<const RecallPoint> front, double density) {
  if (front.empty() || !(density >= front.front().density) || density > front.back().density)
    return analyzer::kNaN;
  const auto above = std::lower_bound(front.begin(), front.end(), density,
                                      [](const RecallPoint& p, double d) { return p.density < d; });
  if (above == front.begin()) return above->recall;
  const RecallPoint& below = *std::prev(above);
  const double share = (density - below.density) / (above->density - below.density);
  return below.recall + share * (above->recall - below.recall);
}

}  // namespace ditscope::gui
