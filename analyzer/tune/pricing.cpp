// SPDX-License-Identifier: Apache-2.0
#include "analyzer/tune/pricing.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "analyzer/format.h"
#include "analyzer/statistics.h"
#include "db/error.h"

namespace ditscope::analyzer {
namespace {

// What such a method keeps; empty for those whose output is not attention under a mask of the kind.
std::string keptBy(const std::string& method) {
  if (method == "topk" || method == "topp" || method == "adaspa") return "heaviest";
  return method == "window" ? method : std::string();
}

std::map<std::pair<HeadKey, std::string>, double> measuredErrorFactors(std::span<const Probe> probes) {
  std::map<std::pair<HeadKey, std::string>, std::pair<double, double>>
      sums;  // of lost * error, and of lost^2
  for (const Probe& probe : probes) {
    const std::string kept = keptBy(probe.choice.method);
    for (const auto& [key, candidate] : probe.heads) {
      const double lost = 1 - candidate.recall;
      if (kept.empty() || !(lost > 1e-6) || !std::isfinite(candidate.error)) continue;
      auto& [lostError, lostLost] = sums[{key, kept}];
      lostError += lost * candidate.error;
      lostLost += lost * lost;
    }
  }
  std::map<std::pair<HeadKey, std::string>, double> factors;
  for (const auto& [key, sum] : sums) factors[key] = sum.first / sum.second;
  return factors;
}

LaunchSample launchOf(const Prices& p, double densityQk, double densityPv) {
  LaunchSample launch;
  launch.heads = p.heads;
  launch.queryBlocks = p.queryBlocks;
  const double blocks = double(p.heads) * double(p.queryBlocks) * double(p.queryBlocks);
  launch.scoreBlocks = densityQk * blocks;
  launch.valueBlocks = densityPv * blocks;
  launch.headDim = p.headDim;
  launch.block = p.block;
  launch.dtype = p.dtype;
  return launch;
}

TimePrediction timeOf(const Prices& p, double denseNs, double densityQk, double densityPv) {
  if (!p.latency) {
    const double ns = denseNs * densityQk;
    return {.ns = ns, .lo = ns, .hi = denseNs, .extrapolated = densityQk < 1};
  }
  TimePrediction t = p.latency->predict(launchOf(p, densityQk, densityPv));
  for (double* ns : {&t.ns, &t.lo, &t.hi}) *ns /= p.heads;
  return t;
}

// The mean density of a candidate's steps that are not dense.
double sparseDensity(double mean, double denseShare) {
  return denseShare >= 1 ? 1 : std::clamp((mean - denseShare) / (1 - denseShare), 0.0, 1.0);
}

void setExpected(Candidate& c) {
  c.choice.expected.density = std::clamp(c.densityQk, 0.0, 1.0);
  c.choice.expected.recall = std::clamp(c.recall, 0.0, 1.0);
  if (std::isfinite(c.error)) c.choice.expected.error = c.error;
  if (std::isfinite(c.timeNs)) c.choice.expected.timeNs = std::llround(c.timeNs);
}

}  // namespace

Prices makePrices(const db::Run& run, int32_t headDim, const std::vector<std::string>& traces,
                  std::span<const Probe> probes) {
  Prices p;
  p.heads = std::max(run.nHeads, 1);
  p.block = run.blockQ;
  p.queryBlocks = run.blockQ > 0 ? (run.seqLen + run.blockQ - 1) / run.blockQ : 0;
  p.headDim = headDim;
  p.dtype = shortDtype(run.dtype);
  p.errorPerLost = measuredErrorFactors(probes);
  Summary search;
  for (const Probe& probe : probes) search.add(probe.searchNs);
  if (search.count > 0)
    p.searchNs = search.mean();
  else
    p.notes.push_back(
        "what a search costs beyond its dense kernel was not measured and counts as 0: "
        "give a --probe of topk or topp");
  if (p.errorPerLost.empty())
    p.notes.push_back(fmt::format(
        "errors are estimated as {} x lost mass: give a --probe of topk, topp or window", kErrorPerLostMass));
  std::vector<LaunchSample> samples;
  try {
    for (const std::string& trace : traces) {
      const std::vector<LaunchSample> of = samplesLike(launchSamples(trace), headDim, p.dtype, p.block);
      samples.insert(samples.end(), of.begin(), of.end());
    }
    p.latency = fitLatency(samples);
  } catch (const db::Error& error) {
    p.notes.push_back(fmt::format(
        "times are assumed to be proportional to blocks, for there is no latency model ({}): give --latency",
        plainText(error.what())));
  }
  return p;
}

bool price(const Prices& p, double denseNs, const HeadKey& key, Candidate& c) {
  bool extrapolated = false;
  const auto set = [&c](const auto& ns) {
    c.timeNs = ns(&TimePrediction::ns);
    c.timeLoNs = ns(&TimePrediction::lo);
    c.timeHiNs = ns(&TimePrediction::hi);
  };
  if (c.evidence == Evidence::Offline) {
    const auto factor = p.errorPerLost.find({key, keptBy(c.choice.method)});
    c.error = (1 - c.recall) * (factor == p.errorPerLost.end() ? kErrorPerLostMass : factor->second);
    const bool dense = c.choice.method == "dense";
    const double denseShare = dense ? 1 : c.searchShare;
    const TimePrediction whole = timeOf(p, denseNs, 1, 1);
    const TimePrediction part =
        timeOf(p, denseNs, sparseDensity(c.densityQk, denseShare), sparseDensity(c.densityPv, denseShare));
    const bool searches = c.choice.method == "topk" || c.choice.method == "topp";
    const double search = searches ? denseShare * p.searchNs : 0;
    set([&](double TimePrediction::*ns) {
      return denseShare * (whole.*ns) + (1 - denseShare) * (part.*ns) + search;
    });
    extrapolated = (denseShare > 0 && whole.extrapolated) || (denseShare < 1 && part.extrapolated);
  } else {
    if (!std::isfinite(c.error)) c.error = (1 - c.recall) * kErrorPerLostMass;
    if (p.latency && std::isfinite(c.searchNs)) {
      const TimePrediction kernel = timeOf(p, denseNs, c.densityQk, c.densityPv);
      set([&](double TimePrediction::*ns) { return kernel.*ns + c.searchNs; });
      extrapolated = kernel.extrapolated;
    }
  }
  setExpected(c);
  return extrapolated;
}

}  // namespace ditscope::analyzer
