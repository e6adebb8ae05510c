// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/models/speedup.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace ditscope::gui {
namespace {

constexpr double kDenseFrom = 0.999;  // of the operations

int elementBytes(const std::string& dtype) {
  if (dtype.find("64") != std::string::npos) return 8;
  return dtype.find("16") != std::string::npos ? 2 : 4;
}

double bytesOf(const Trace& trace, const db::AttnCall& call) {
  const db::Layer* layer = trace.layer(call.layer);
  if (!layer) return 0;
  const double rows = 2.0 * double(call.qLen) + 2.0 * double(call.kvLen);  // Q and O, K and V
  return rows * layer->nHeads * layer->headDim * elementBytes(trace.facts.run.dtype);
}

}  // namespace

SpeedTable callSpeeds(const Trace& trace) {
  SpeedTable table;
  // Without the first step, which warms up.
  const int firstStep = trace.extent.steps.empty() ? 0 : trace.extent.steps.front();
  std::map<int, std::vector<double>> dense;
  const auto density = [](const db::AttnCall& call) {
    return call.flopsDense > 0 ? call.flopsDone / call.flopsDense : 0;
  };
  const auto counts = [](const db::AttnCall& call) {
    return call.kind != db::AttnKind::Cross && call.kernelNs > 0 && call.flopsDone > 0;
  };
  for (const bool warm : {false, true}) {  // the first step only where there is no other
    for (const db::AttnCall& call : trace.facts.calls)
      if (counts(call) && density(call) >= kDenseFrom && (call.step != firstStep) != warm)
        dense[call.layer].push_back(double(call.kernelNs));
    if (!dense.empty()) break;
  }
  std::map<int, double> denseNs;
  for (auto& [layer, ns] : dense) denseNs[layer] = analyzer::quantile(ns, 0.5);
  table.hasDense = !denseNs.empty();
  for (size_t i = 0; i < trace.facts.calls.size(); ++i) {
    const db::AttnCall& call = trace.facts.calls[i];
    if (!counts(call)) continue;
    CallSpeed speed{.call = i, .density = density(call)};
    const auto reference = denseNs.find(call.layer);
    if (reference != denseNs.end()) {
      speed.speedup = reference->second / double(call.kernelNs);
      speed.withSearch = reference->second / double(call.kernelNs + std::max<int64_t>(call.searchNs, 0));
    }
    const double bytes = bytesOf(trace, call);
    if (bytes > 0) speed.intensity = call.flopsDone / bytes;
    speed.flopPerSecond = call.flopsDone / (double(call.kernelNs) * 1e-9);
    table.bestFlopPerSecond = std::max(table.bestFlopPerSecond, speed.flopPerSecond);
    table.calls.push_back(speed);
  }
  return table;
}

}  // namespace ditscope::gui
