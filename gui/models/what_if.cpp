// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/models/what_if.h"

#include <QObject>
#include <algorithm>
#include <cmath>

#include "gui/models/readout.h"

namespace ditscope::gui {
namespace {

struct Kept {
  double density = analyzer::kNaN, recall = analyzer::kNaN;
};

// Between the points of a curve that ascends in `x`.
double between(std::span<const float> x, std::span<const float> y, double at) {
  const auto above = std::lower_bound(x.begin(), x.end(), float(at));
  if (above == x.begin()) return double(y.front());
  if (above == x.end()) return double(y.back());
  const auto i = size_t(above - x.begin());
  const double span = double(x[i]) - double(x[i - 1]);
  const double share = span > 0 ? (at - double(x[i - 1])) / span : 1;
  return double(y[i - 1]) + share * (double(y[i]) - double(y[i - 1]));
}

// Least density whose heaviest blocks hold `mass`: a search in the curve, which ascends.
double densityFor(std::span<const float> curve, double mass) {
  const auto above = std::lower_bound(curve.begin(), curve.end(), float(mass));
  if (above == curve.end()) return 1;
  const int i = int(above - curve.begin());
  if (i == 0) return db::curveDensity(0) * (*above > 0 ? mass / double(*above) : 1);
  const double low = double(curve[size_t(i) - 1]), high = double(*above);
  const double share = high > low ? (mass - low) / (high - low) : 1;
  return db::curveDensity(i - 1) + share * (db::curveDensity(i) - db::curveDensity(i - 1));
}

Kept keptBy(const WhatIfData& data, size_t row, const WhatIfSetting& setting) {
  const auto value = [&](analyzer::Quantity quantity) { return data.trace->table.column(quantity)[row]; };
  switch (setting.rule) {
    case WhatIfRule::Dense:
      return {1, 1};
    case WhatIfRule::Recorded:
      return {value(analyzer::Quantity::DensityQk), value(analyzer::Quantity::Recall)};
    case WhatIfRule::Window: {
      if (!data.windows || !data.windows->has(row)) return {};
      const auto at = [&](const std::vector<float>& of) {
        return std::span(of).subspan(row * kWindowPoints, kWindowPoints);
      };
      std::vector<float> reach;
      for (int i = 0; i < kWindowPoints; ++i) reach.push_back(float(windowReach(i)));
      return {between(reach, at(data.windows->density), setting.value),
              between(reach, at(data.windows->recall), setting.value)};
    }
    case WhatIfRule::Density:
    case WhatIfRule::Mass:
      break;
  }
  if (!data.curves->has(row)) return {};
  const auto curve = data.curves->of(row);
  const double density = setting.rule == WhatIfRule::Mass ? densityFor(curve, setting.value) : setting.value;
  return {density, recallAt(curve, density)};
}

// First and last steps of the recorded ones that a plan keeps dense.
bool isDenseStep(const std::vector<int>& steps, int step, const WhatIfPlan& plan) {
  const auto at = std::lower_bound(steps.begin(), steps.end(), step) - steps.begin();
  return at < plan.denseFirst || at >= std::ptrdiff_t(steps.size()) - plan.denseLast;
}

struct CallTime {
  double blocks = 0;  // kept, all heads together, as a share of one head's blocks
  int heads = 0;
};

analyzer::LaunchSample launchOf(const analyzer::Prices& prices, const CallTime& call, double density) {
  analyzer::LaunchSample launch;
  launch.heads = call.heads;
  launch.queryBlocks = prices.queryBlocks;
  launch.scoreBlocks = launch.valueBlocks =
      density * call.heads * double(prices.queryBlocks) * double(prices.queryBlocks);
  launch.headDim = prices.headDim;
  launch.block = prices.block;
  launch.dtype = prices.dtype;
  return launch;
}

// What dense attention takes a call without a model: the recorded time over the share that was computed.
double denseNsOf(const Trace& trace) {
  analyzer::Summary ns;
  for (const db::AttnCall& call : trace.facts.calls)
    if (call.kernelNs > 0 && call.kind != db::AttnKind::Cross && call.flopsDone > 0 && call.flopsDense > 0)
      ns.add(double(call.kernelNs) * call.flopsDense / call.flopsDone);
  return ns.mean();
}

void addTimes(WhatIfOutcome& outcome, const WhatIfData& data, const std::map<int64_t, CallTime>& calls) {
  outcome.ns = outcome.loNs = outcome.hiNs = outcome.denseNs = 0;
  const bool fitted = data.prices && data.prices->latency;
  const double denseNs = fitted ? 0 : denseNsOf(*data.trace);
  outcome.extrapolated = !fitted;
  for (const auto& [id, call] : calls) {
    const double density = call.blocks / call.heads;
    if (fitted) {
      const auto time = data.prices->latency->predict(launchOf(*data.prices, call, density));
      outcome.ns += time.ns;
      outcome.loNs += time.lo;
      outcome.hiNs += time.hi;
      outcome.extrapolated |= time.extrapolated;
      outcome.denseNs += data.prices->latency->predict(launchOf(*data.prices, call, 1)).ns;
    } else {
      outcome.ns += denseNs * density;
      outcome.loNs += denseNs * density;
      outcome.hiNs += denseNs;
      outcome.denseNs += denseNs;
    }
  }
}

}  // namespace

const WhatIfSetting& WhatIfPlan::of(LayerHead head) const {
  const auto found = heads.find(head);
  return found == heads.end() ? all : found->second;
}

WhatIfOutcome evaluate(const WhatIfData& data, const WhatIfPlan& plan) {
  const analyzer::HeadTable& table = data.trace->table;
  analyzer::Summary density, recall, uniform;
  std::map<LayerHead, analyzer::Summary> heads;
  std::map<int64_t, CallTime> calls;
  WhatIfOutcome outcome;
  for (size_t row = 0; row < table.size(); ++row) {
    const LayerHead head(table.layer[row], table.head[row]);
    const bool dense = isDenseStep(data.trace->extent.steps, table.step[row], plan);
    const Kept kept = dense ? Kept{1, 1} : keptBy(data, row, plan.of(head));
    if (!std::isfinite(kept.density)) {
      ++outcome.withoutCurve;
      continue;
    }
    density.add(kept.density);
    recall.add(kept.recall);
    heads[head].add(kept.recall);
    CallTime& call = calls[table.callId[row]];
    call.blocks += kept.density;
    ++call.heads;
  }
  outcome.density = density.mean();
  outcome.recall = recall.mean();
  for (const auto& [head, summary] : heads) {
    if (!std::isfinite(summary.mean()) || summary.mean() >= outcome.lowestRecall) continue;
    outcome.lowestRecall = summary.mean();
    outcome.lowestHead = head;
  }
  outcome.error = analyzer::kErrorPerLostMass * std::max(0.0, 1 - outcome.recall);
  for (size_t row = 0; row < table.size() && std::isfinite(outcome.density); ++row)
    if (data.curves->has(row)) uniform.add(recallAt(data.curves->of(row), outcome.density));
  outcome.uniformRecall = uniform.mean();
  addTimes(outcome, data, calls);
  return outcome;
}

WhatIfOutcome recordedOutcome(const Trace& trace) {
  using analyzer::Quantity;
  WhatIfOutcome outcome;
  analyzer::Summary density, recall, error;
  std::map<LayerHead, analyzer::Summary> heads;
  for (size_t row = 0; row < trace.table.size(); ++row) {
    density.add(trace.table.column(Quantity::DensityQk)[row]);
    recall.add(trace.table.column(Quantity::Recall)[row]);
    error.add(trace.table.column(Quantity::ErrorL1)[row]);
    heads[{trace.table.layer[row], trace.table.head[row]}].add(trace.table.column(Quantity::Recall)[row]);
  }
  outcome.density = density.mean();
  outcome.recall = recall.mean();
  outcome.error = error.mean();
  for (const auto& [head, summary] : heads) {
    if (!std::isfinite(summary.mean()) || summary.mean() >= outcome.lowestRecall) continue;
    outcome.lowestRecall = summary.mean();
    outcome.lowestHead = head;
  }
  double ns = 0;  // of the calls whose heads are known: cross attention is no part of it
  for (const auto& [key, index] : trace.calls)
    if (index.rows > 0) ns += double(trace.facts.calls[index.call].kernelNs);
  outcome.ns = outcome.loNs = outcome.hiNs = ns > 0 ? ns : analyzer::kNaN;
  return outcome;
}

std::shared_ptr<const analyzer::Prices> readPrices(const Trace& trace,
                                                   const std::function<bool(int64_t, int64_t)>& progress) {
  if (progress && !progress(0, 1)) throw db::Cancelled();
  const int headDim = trace.facts.layers.empty() ? 0 : trace.facts.layers.front().headDim;
  return std::make_shared<analyzer::Prices>(
      analyzer::makePrices(trace.facts.run, headDim, {trace.path.string()}, {}));
}

QString settingText(const WhatIfSetting& setting) {
  const QString share = numberText(100 * setting.value) + QStringLiteral(" %");
  switch (setting.rule) {
    case WhatIfRule::Density:
      return QObject::tr("heaviest %1 of the blocks").arg(share);
    case WhatIfRule::Mass:
      return QObject::tr("heaviest blocks to %1 of the mass").arg(share);
    case WhatIfRule::Window:
      return QObject::tr("window of \u00b1%1 of the keys").arg(share);
    case WhatIfRule::Recorded:
      return QObject::tr("as recorded");
    case WhatIfRule::Dense:
      break;
  }
  return QObject::tr("dense");
}

QString planText(const WhatIfPlan& plan) {
  QString words = settingText(plan.all);
  if (!plan.heads.empty()) words += QObject::tr(", %1 heads apart").arg(plan.heads.size());
  if (plan.denseFirst > 0) words += QObject::tr(", first %1 dense").arg(plan.denseFirst);
  if (plan.denseLast > 0) words += QObject::tr(", last %1 dense").arg(plan.denseLast);
  return words;
}

}  // namespace ditscope::gui
