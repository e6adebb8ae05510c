// SPDX-License-Identifier: Apache-2.0
#include "analyzer/guard/verdict.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "analyzer/format.h"
#include "analyzer/guard/hodges_lehmann.h"
#include "analyzer/guard/rank_test.h"

namespace ditscope::analyzer {
namespace {

constexpr double kMostThrottled = 0.5;
constexpr int64_t kQuietRuns = 3;     // on a side, where others were disturbed
constexpr double kModesApart = 0.05;  // at least; heaps nearer than this are ticks of a timer or two clocks

struct SideFacts {
  std::vector<RunValues> runs;       // log ns, each ascending
  std::vector<RunValues> logClocks;  // beside them; empty where a clock is not known
  int64_t disturbed = 0;             // runs that were left out because they were throttled most of the time
  int64_t throttled = 0, launches = 0;  // with a good time, whether or not they are in the runs
};

int64_t launchesOf(const RunSamples& run) {  // with a good time
  return int64_t(run.ns.size()) + (run.usesThrottled ? 0 : run.counts.throttled);
}

bool isMostlyThrottled(const RunSamples& run) {
  return double(run.counts.throttled) > kMostThrottled * double(launchesOf(run));
}

void addRun(SideFacts& side, const RunSamples& run) {
  std::vector<size_t> order(run.ns.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::sort(order, {}, [&](size_t i) { return run.ns[i]; });
  RunValues values, clocks;
  for (const size_t i : order) {
    values.push_back(std::log(run.ns[i]));
    if (!run.clockHz.empty()) clocks.push_back(std::log(run.clockHz[i]));
  }
  side.runs.push_back(std::move(values));
  if (!clocks.empty()) side.logClocks.push_back(std::move(clocks));
  side.throttled += run.counts.throttled;
  side.launches += launchesOf(run);
}

// A run that something disturbed most of the time does not count where others do.
SideFacts sideOf(std::span<const RunSamples> runs, int64_t minSamples) {
  const auto hasEnough = [=](const RunSamples& run) { return int64_t(run.ns.size()) >= minSamples; };
  const bool anyQuiet = std::ranges::any_of(
      runs, [&](const RunSamples& run) { return hasEnough(run) && !isMostlyThrottled(run); });
  SideFacts side;
  for (const RunSamples& run : runs) {
    if (!hasEnough(run)) continue;
    if (anyQuiet && isMostlyThrottled(run)) {
      ++side.disturbed;
    } else {
      addRun(side, run);
    }
  }
  if (side.logClocks.size() != side.runs.size()) side.logClocks.clear();
  return side;
}

std::vector<double> pooled(const std::vector<RunValues>& runs) {  // ascending
  std::vector<double> all;
  for (const RunValues& run : runs) all.insert(all.end(), run.begin(), run.end());
  std::ranges::sort(all);
  return all;
}

// Takes from each time what its kind takes in the base, so that all kinds can be looked at together.
void withinKinds(SideFacts& side, const ModeMatch& match) {
  if (match.centres.size() < 2) return;
  for (size_t i = 0; i < side.runs.size(); ++i) {
    RunValues& run = side.runs[i];
    std::vector<std::pair<double, double>> both;  // time, clock
    for (size_t k = 0; k < run.size(); ++k)
      both.emplace_back(run[k] - match.centres[match.kindOf(run[k])],
                        side.logClocks.empty() ? 0 : side.logClocks[i][k]);
    std::ranges::sort(both);
    for (size_t k = 0; k < run.size(); ++k) {
      run[k] = both[k].first;
      if (!side.logClocks.empty()) side.logClocks[i][k] = both[k].second;
    }
  }
}

std::vector<double> pooledCycles(const SideFacts& side) {  // ascending
  std::vector<double> all;
  for (size_t i = 0; i < side.runs.size(); ++i)
    for (size_t k = 0; k < side.runs[i].size(); ++k) all.push_back(side.runs[i][k] + side.logClocks[i][k]);
  std::ranges::sort(all);
  return all;
}

// What slows most launches does not leave the others alone.
double throttledShare(const SideFacts& side) {
  return side.launches == 0 ? 0 : double(side.throttled) / double(side.launches);
}

// What disturbed the runs that were left out may have touched the few that remain.
std::string disturbance(const SideFacts& side) {
  const auto quiet = int64_t(side.runs.size());
  if (side.disturbed == 0 || quiet >= kQuietRuns) return "";
  return fmt::format("disturbed: only {} of {} runs of a side were not throttled most of the time", quiet,
                     quiet + side.disturbed);
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

// "; within 2 kinds of launches, 1.00 ms and 2.00 ms", or nothing.
std::string kindsText(const ShiftEvidence& e) {
  const std::vector<Mode>& modes = e.baseModes.size() > 1 ? e.baseModes : e.newModes;
  if (modes.size() < 2) return "";
  std::string text;
  for (const Mode& mode : modes)
    text += (text.empty() ? "" : " and ") + formatDuration(std::exp(mode.centre));
  return fmt::format("; within {} kinds of launches, {}", modes.size(), text);
}

// Of a shift whose interval lies beyond the floor; direction: 1 slower, -1 faster.
Judgement judgeBeyond(const ShiftEvidence& e, double direction, const VerdictRule& rule) {
  const std::string text = fmt::format("{}, beyond {}{}", intervalText(e), floorText(e), kindsText(e));
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
    return {.reason = fmt::format("throttled: {} of the launches", formatPercent(e.throttledShare))};
  if (!e.mixture.empty()) return {.reason = e.mixture};
  if (e.interval.low > e.floor) return judgeBeyond(e, 1, rule);
  if (e.interval.high < -e.floor) return judgeBeyond(e, -1, rule);
  const bool within = e.interval.low >= -e.floor && e.interval.high <= e.floor;
  if (within && e.cycleShift && std::abs(*e.cycleShift) > e.floor)
    return {.reason = fmt::format("{}, but {} in cycles: the clock changed and hides it", intervalText(e),
                                  formatShift(*e.cycleShift))};
  if (within)
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
  SideFacts from = sideOf(base, rule.screening.minSamples), to = sideOf(next, rule.screening.minSamples);
  std::vector<double> before = pooled(from.runs), after = pooled(to.runs);
  ShiftEvidence e;
  for (const RunSamples& run : base) e.baseCounts.add(run.counts);
  for (const RunSamples& run : next) e.newCounts.add(run.counts);
  e.fewestSamples = fewestSamples(base, next);
  e.baseRuns = int64_t(from.runs.size());
  e.newRuns = int64_t(to.runs.size());
  e.baseSamples = int64_t(before.size());
  e.newSamples = int64_t(after.size());
  if (!before.empty()) e.baseMedianNs = std::exp(quantile(before, 0.5));
  if (!after.empty()) e.newMedianNs = std::exp(quantile(after, 0.5));
  if (before.empty() || after.empty()) return e;

  e.throttledShare = std::max(throttledShare(from), throttledShare(to));
  e.floor = std::max(effectFloor(e.baseMedianNs, std::min(e.baseRuns, e.newRuns) == 1, rule.extraFloor),
                     std::log1p(rule.leastFloor));
  const double apart = std::max(kModesApart, 2 * e.floor);
  e.baseModes = modesOf(before, apart);
  e.newModes = modesOf(after, apart);
  const ModeMatch match = matchModes(before, after, apart);
  e.mixture = match.conflict;
  for (const SideFacts* side : {&from, &to})
    if (std::string why = disturbance(*side); !why.empty()) e.mixture = std::move(why);
  if (match.conflict.empty()) {
    withinKinds(from, match);
    withinKinds(to, match);
    before = pooled(from.runs);
    after = pooled(to.runs);
  }
  e.shift = hodgesLehmann({before, {}}, {after, {}});
  e.interval = bootstrapInterval(e.shift, from.runs, to.runs, rule.bootstrap);
  e.p = mannWhitneyP(before, after);
  if (!from.logClocks.empty() && !to.logClocks.empty())
    e.cycleShift = hodgesLehmann({pooledCycles(from), {}}, {pooledCycles(to), {}});
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
