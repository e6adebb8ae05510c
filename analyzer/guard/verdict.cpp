// SPDX-License-Identifier: Apache-2.0
#include "analyzer/guard/verdict.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "analyzer/format.h"
#include "analyzer/guard/hodges_lehmann.h"
#include "analyzer/guard/rank_test.h"

namespace ditscope::analyzer {
namespace {

constexpr double kMostThrottled = 0.5;
constexpr double kModesApart = 0.05;  // at least; heaps nearer than this are ticks of a timer or two clocks

struct Side {
  std::vector<RunValues> runs;       // log ns, each ascending
  std::vector<double> pooled;        // the same, together and ascending
  std::vector<RunValues> logCycles;  // ascending; empty where a clock is not known
  int64_t throttled = 0;
};

void addRun(Side& side, const RunSamples& run) {
  RunValues values(run.ns.size());
  std::ranges::transform(run.ns, values.begin(), [](double ns) { return std::log(ns); });
  if (!run.clockHz.empty()) {
    RunValues cycles(values.size());
    for (size_t i = 0; i < values.size(); ++i) cycles[i] = values[i] + std::log(run.clockHz[i]);
    std::ranges::sort(cycles);
    side.logCycles.push_back(std::move(cycles));
  }
  std::ranges::sort(values);
  side.pooled.insert(side.pooled.end(), values.begin(), values.end());
  side.runs.push_back(std::move(values));
  if (run.usesThrottled) side.throttled += run.counts.throttled;
}

Side sideOf(std::span<const RunSamples> runs, int64_t minSamples) {
  Side side;
  for (const RunSamples& run : runs)
    if (int64_t(run.ns.size()) >= minSamples) addRun(side, run);
  if (side.logCycles.size() != side.runs.size()) side.logCycles.clear();
  std::ranges::sort(side.pooled);
  return side;
}

std::vector<double> joined(const std::vector<RunValues>& runs) {
  std::vector<double> all;
  for (const RunValues& run : runs) all.insert(all.end(), run.begin(), run.end());
  std::ranges::sort(all);
  return all;
}

double throttledShare(const Side& side) {
  return side.pooled.empty() ? 0 : double(side.throttled) / double(side.pooled.size());
}

int64_t fewestSamples(std::span<const RunSamples> base, std::span<const RunSamples> next) {
  const auto size = [](const RunSamples& run) { return int64_t(run.ns.size()); };
  const auto most = [&](std::span<const RunSamples> runs) {
    int64_t count = 0;
    for (const RunSamples& run : runs) count = std::max(count, size(run));
    return count;
  };
  return std::min(most(base), most(next));
}

std::string intervalText(const ShiftEvidence& e) {
  return fmt::format("{} ({} to {})", formatShift(e.shift), formatShift(e.interval.low),
                     formatShift(e.interval.high));
}

std::string floorText(const ShiftEvidence& e) {
  return fmt::format("the {} that matter at {}", formatPercent(std::expm1(e.floor)),
                     formatDuration(e.baseMedianNs));
}

std::string modesText(const ShiftEvidence& e) {
  const Modes& modes =
      e.baseModes.upper - e.baseModes.lower > e.newModes.upper - e.newModes.lower ? e.baseModes : e.newModes;
  return fmt::format("two kinds of launches under one name, {} and {}: sizes or densities are mixed",
                     formatDuration(std::exp(modes.lower)), formatDuration(std::exp(modes.upper)));
}

// Of a shift whose interval lies beyond the floor; direction: 1 slower, -1 faster.
Judgement judgeBeyond(const ShiftEvidence& e, double direction, const VerdictRule& rule) {
  const std::string text = fmt::format("{}, beyond {}", intervalText(e), floorText(e));
  if (!(e.q <= rule.q))
    return {.reason = fmt::format("{}, but the ranks differ too little (q = {:.2g})", text, e.q)};
  if (e.cycleShift && direction * *e.cycleShift < e.floor / 2)
    return {.reason = fmt::format("{}, but only {} in cycles: the clock changed, not the kernel", text,
                                  formatShift(*e.cycleShift))};
  return {.verdict = direction > 0 ? Verdict::Slower : Verdict::Faster,
          .reason = text + (e.cycleShift ? fmt::format(", {} in cycles", formatShift(*e.cycleShift)) : "")};
}

Judgement judgeOne(const ShiftEvidence& e, const VerdictRule& rule) {
  if (e.baseRuns == 0 || e.newRuns == 0)
    return {.reason = fmt::format("too few samples: {} of {}", e.fewestSamples, rule.screening.minSamples)};
  if (e.throttledShare > kMostThrottled)
    return {.reason = fmt::format("throttled: {} of the samples", formatPercent(e.throttledShare))};
  if (e.bimodal) return {.reason = modesText(e)};
  if (e.interval.low > e.floor) return judgeBeyond(e, 1, rule);
  if (e.interval.high < -e.floor) return judgeBeyond(e, -1, rule);
  if (e.interval.low >= -e.floor && e.interval.high <= e.floor)
    return {.verdict = Verdict::Same, .reason = fmt::format("{}, within {}", intervalText(e), floorText(e))};
  return {.reason = fmt::format("interval too wide: {} against {}; take more {}", intervalText(e),
                                floorText(e), std::min(e.baseRuns, e.newRuns) < 3 ? "runs" : "samples")};
}

}  // namespace

double effectFloor(double medianNs, bool singleRun, double extra) {
  const double relative = medianNs >= 1e6 ? 0.01 : medianNs >= 50e3 ? 0.02 : 0.05;
  return std::log1p(std::max({relative, singleRun ? 0.02 : 0.0, 300 / medianNs}) + extra);
}

ShiftEvidence weigh(std::span<const RunSamples> base, std::span<const RunSamples> next,
                    const VerdictRule& rule) {
  const Side from = sideOf(base, rule.screening.minSamples), to = sideOf(next, rule.screening.minSamples);
  ShiftEvidence e;
  for (const RunSamples& run : base) e.baseCounts.add(run.counts);
  for (const RunSamples& run : next) e.newCounts.add(run.counts);
  e.fewestSamples = fewestSamples(base, next);
  e.baseRuns = int64_t(from.runs.size());
  e.newRuns = int64_t(to.runs.size());
  e.baseSamples = int64_t(from.pooled.size());
  e.newSamples = int64_t(to.pooled.size());
  if (!from.pooled.empty()) e.baseMedianNs = std::exp(quantile(from.pooled, 0.5));
  if (!to.pooled.empty()) e.newMedianNs = std::exp(quantile(to.pooled, 0.5));
  if (from.runs.empty() || to.runs.empty()) return e;

  e.floor = effectFloor(e.baseMedianNs, std::min(e.baseRuns, e.newRuns) == 1, rule.extraFloor);
  e.shift = hodgesLehmann({from.pooled, {}}, {to.pooled, {}});
  e.interval = bootstrapInterval(e.shift, from.runs, to.runs, rule.bootstrap);
  e.p = mannWhitneyP(from.pooled, to.pooled);
  if (!from.logCycles.empty() && !to.logCycles.empty())
    e.cycleShift = hodgesLehmann({joined(from.logCycles), {}}, {joined(to.logCycles), {}});
  e.baseModes = splitIntoModes(from.pooled);
  e.newModes = splitIntoModes(to.pooled);
  const double apart = std::max(kModesApart, 2 * e.floor);
  e.bimodal = isBimodal(e.baseModes, apart) || isBimodal(e.newModes, apart);
  e.throttledShare = std::max(throttledShare(from), throttledShare(to));
  return e;
}

std::vector<Judgement> judgeAll(std::span<ShiftEvidence> evidence, const VerdictRule& rule) {
  std::vector<double> p;
  for (const ShiftEvidence& e : evidence)
    if (!std::isnan(e.p)) p.push_back(e.p);
  const std::vector<double> q = benjaminiHochberg(p);
  std::vector<Judgement> judgements;
  size_t asked = 0;
  for (ShiftEvidence& e : evidence) {
    if (!std::isnan(e.p)) e.q = q[asked++];
    judgements.push_back(judgeOne(e, rule));
    judgements.back().likely = std::min(e.baseRuns, e.newRuns) == 1;
  }
  return judgements;
}

std::string formatShift(double shift) {
  return std::isnan(shift) ? std::string(kNoValue) : fmt::format("{:+.2f} %", 100 * std::expm1(shift));
}

}  // namespace ditscope::analyzer
