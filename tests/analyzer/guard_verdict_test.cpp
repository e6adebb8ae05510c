// SPDX-License-Identifier: Apache-2.0
// Verdicts on one kernel: what is slower, same, faster, and each reason to abstain.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "analyzer/guard/clock_track.h"
#include "analyzer/guard/run_statistics.h"
#include "analyzer/guard/verdict.h"
#include "db/model.h"

namespace ditscope::tests {
namespace {

using namespace analyzer;
using testing::HasSubstr;

struct Made {
  double ns = 2e6;
  double noise = 0.005;
  size_t count = 20;
  double clockHz = 0;
  uint64_t seed = 1;
};

RunSamples samples(const Made& made) {
  std::mt19937_64 random(made.seed);
  std::normal_distribution<double> normal(0, made.noise);
  std::vector<Launch> launches(made.count + 1);
  for (Launch& launch : launches) launch = {made.ns * std::exp(normal(random)), made.clockHz, 0};
  return screen(launches, made.clockHz, {});
}

std::vector<RunSamples> runs(const Made& made, size_t count) {
  std::vector<RunSamples> all;
  for (size_t i = 0; i < count; ++i) {
    Made one = made;
    one.seed = made.seed * 100 + i;
    all.push_back(samples(one));
  }
  return all;
}

struct Outcome {
  ShiftEvidence evidence;
  Judgement judgement;
};
Outcome outcome(std::span<const RunSamples> base, std::span<const RunSamples> next,
                const VerdictRule& rule = {}) {
  std::vector<ShiftEvidence> evidence{weigh(base, next, rule)};
  Judgement judgement = judgeAll(evidence, rule).front();
  return {evidence.front(), std::move(judgement)};
}

TEST(Screening, SetsAsideAndCounts) {
  const std::vector<Launch> launches{{5, 0, 0},
                                     {5, 0, 0},
                                     {0, 0, db::kZeroTime},
                                     {7, 0, db::kBeforeLaunch},
                                     {9, 0, db::kWarmup},
                                     {6, 0, db::kThrottled},
                                     {6, 1.0e9, 0},
                                     {5, 1.9e9, db::kOrphan}};
  const RunSamples run = screen(launches, 2e9, {.warmups = 1, .minSamples = 2});
  EXPECT_EQ(run.ns, (std::vector<double>{5, 5}))
      << "one after the warm-up, and the orphan, whose time is good";
  EXPECT_EQ(run.counts.launches, 8);
  EXPECT_EQ(run.counts.warmup, 2) << "the first, and the marked one";
  EXPECT_EQ(run.counts.zeroTime, 1);
  EXPECT_EQ(run.counts.beforeLaunch, 1);
  EXPECT_EQ(run.counts.throttled, 2) << "the marked one, and the one at half the clock";
  EXPECT_FALSE(run.usesThrottled);
  EXPECT_TRUE(run.clockHz.empty()) << "not every clock is known";
  EXPECT_EQ(run.totalNs, 43);
}

TEST(Screening, AMarkedWarmUpIsTheFirstLaunch) {
  std::vector<Launch> launches(11, Launch{5, 0, 0});
  launches.front().flags = db::kWarmup;
  const RunSamples run = screen(launches, 0, {});
  EXPECT_EQ(run.counts.warmup, 1);
  EXPECT_EQ(run.ns.size(), 10U);
}

TEST(Screening, ClocksAreThoseAroundTheLaunch) {
  const ClockTrack track({{1, 100, 1000}, {1, 300, 2000}, {1, 5'000'000'000, 4000}, {2, 100, 7000}});
  EXPECT_EQ(track.during(1, 150, 250), 1500);
  EXPECT_EQ(track.during(1, 50, 90), 1000) << "before the first";
  EXPECT_EQ(track.during(1, 400, 500), 2000) << "the next is seconds away";
  EXPECT_EQ(track.during(1, 2'000'000'000, 2'000'000'100), 0) << "none is near";
  EXPECT_EQ(track.during(2, 150, 250), 7000);
  EXPECT_EQ(track.during(3, 150, 250), 0);
}

TEST(Screening, StatisticsOfARun) {
  std::vector<Launch> launches{{9, 1e9, 0}};
  for (int i = 100; i >= 0; --i) launches.push_back({100.0 + i, 2e9, 0});
  const RunStatistics s = statisticsOf(screen(launches, 2e9, {}));
  EXPECT_EQ(s.samples, 101);
  EXPECT_EQ(s.min, 100);
  EXPECT_EQ(s.q1, 125);
  EXPECT_EQ(s.median, 150);
  EXPECT_EQ(s.q3, 175);
  EXPECT_EQ(s.p95, 195);
  EXPECT_EQ(s.p99, 199);
  EXPECT_EQ(s.mad, 25);
  EXPECT_EQ(s.clockHz, 2e9);
  EXPECT_TRUE(std::isnan(statisticsOf({}).median));
}

TEST(Screening, ThrottledLaunchesAreBetterThanNone) {
  const std::vector<Launch> launches(12, Launch{5, 1e9, 0});
  const RunSamples run = screen(launches, 2e9, {});
  EXPECT_TRUE(run.usesThrottled);
  EXPECT_EQ(run.ns.size(), 11U);
  EXPECT_EQ(run.clockHz.size(), 11U);
}

TEST(Verdict, EffectFloors) {
  EXPECT_NEAR(effectFloor(2e6, false), std::log(1.01), 1e-12);
  EXPECT_NEAR(effectFloor(200e3, false), std::log(1.02), 1e-12);
  EXPECT_NEAR(effectFloor(20e3, false), std::log(1.05), 1e-12);
  EXPECT_NEAR(effectFloor(1500, false), std::log(1.2), 1e-12) << "0.3 us";
  EXPECT_NEAR(effectFloor(2e6, true), std::log(1.02), 1e-12) << "one run a side";
  EXPECT_NEAR(effectFloor(2e6, false, 0.025), std::log(1.035), 1e-12);
}

TEST(Verdict, Slower) {
  const Outcome o = outcome(runs({}, 3), runs({.ns = 2.1e6, .seed = 2}, 3));
  EXPECT_EQ(o.judgement.verdict, Verdict::Slower) << o.judgement.reason;
  EXPECT_FALSE(o.judgement.likely);
  EXPECT_NEAR(std::expm1(o.evidence.shift), 0.05, 0.005);
  EXPECT_EQ(o.evidence.baseRuns, 3);
  EXPECT_EQ(o.evidence.baseSamples, 60);
  EXPECT_EQ(o.evidence.baseCounts.warmup, 3);
  EXPECT_THAT(o.judgement.reason, HasSubstr("beyond the 1.0 % that matter at"));
}

TEST(Verdict, FasterIsTheMirrorImage) {
  const Outcome o = outcome(runs({.ns = 2.1e6, .seed = 2}, 3), runs({}, 3));
  EXPECT_EQ(o.judgement.verdict, Verdict::Faster) << o.judgement.reason;
}

TEST(Verdict, SameNeedsAnIntervalWithinTheFloor) {
  const Outcome o = outcome(runs({}, 3), runs({.seed = 2}, 3));
  EXPECT_EQ(o.judgement.verdict, Verdict::Same) << o.judgement.reason;
  const Outcome wide = outcome(runs({.noise = 0.05}, 3), runs({.noise = 0.05, .seed = 2}, 3));
  EXPECT_EQ(wide.judgement.verdict, Verdict::Unclear);
  EXPECT_THAT(wide.judgement.reason, HasSubstr("interval too wide"));
}

TEST(Verdict, AShiftBelowTheFloorIsNoRegressionHoweverSignificant) {
  const Outcome o = outcome(runs({.noise = 0.0001}, 3), runs({.ns = 2.001e6, .noise = 0.0001, .seed = 2}, 3));
  EXPECT_LT(o.evidence.p, 1e-9);
  EXPECT_EQ(o.judgement.verdict, Verdict::Same) << o.judgement.reason;
}

TEST(Verdict, OneRunASideIsOnlyLikely) {
  const Outcome o = outcome(runs({}, 1), runs({.ns = 2.1e6, .seed = 2}, 3));
  EXPECT_EQ(o.judgement.verdict, Verdict::Slower) << o.judgement.reason;
  EXPECT_TRUE(o.judgement.likely);
  EXPECT_NEAR(o.evidence.floor, std::log(1.02), 1e-12);
  const Outcome small = outcome(runs({}, 1), runs({.ns = 2.03e6, .seed = 2}, 1));
  EXPECT_NE(small.judgement.verdict, Verdict::Slower) << "1.5 % are within what one run a side can tell";
}

TEST(Verdict, TheFloorCanBeRaised) {
  const auto base = runs({}, 3), next = runs({.ns = 2.06e6, .seed = 2}, 3);
  EXPECT_EQ(outcome(base, next).judgement.verdict, Verdict::Slower);
  VerdictRule rule;
  rule.leastFloor = 0.05;
  const Outcome o = outcome(base, next, rule);
  EXPECT_EQ(o.judgement.verdict, Verdict::Same) << "3 % do not matter on a machine that is not quiet";
  EXPECT_NEAR(o.evidence.floor, std::log(1.05), 1e-12);
}

TEST(Verdict, TooFewSamples) {
  const Outcome o = outcome(runs({}, 1), runs({.ns = 3e6, .count = 9}, 1));
  EXPECT_EQ(o.judgement.verdict, Verdict::Unclear);
  EXPECT_EQ(o.judgement.reason, "too few samples: 9 of 10");
  EXPECT_EQ(outcome({}, runs({}, 1)).judgement.reason, "too few samples: 0 of 10");
}

TEST(Verdict, ASlowerClockIsNotASlowerKernel) {
  const Made base{.clockHz = 1.98e9};
  const Outcome clock = outcome(runs(base, 3), runs({.ns = 2.2e6, .clockHz = 1.8e9, .seed = 2}, 3));
  EXPECT_EQ(clock.judgement.verdict, Verdict::Unclear);
  EXPECT_THAT(clock.judgement.reason, HasSubstr("the clock changed, not the kernel"));
  const Outcome kernel = outcome(runs(base, 3), runs({.ns = 2.2e6, .clockHz = 1.98e9, .seed = 2}, 3));
  EXPECT_EQ(kernel.judgement.verdict, Verdict::Slower) << kernel.judgement.reason;
  EXPECT_NEAR(std::expm1(kernel.evidence.cycleShift.value()), 0.1, 0.01);
}

TEST(Verdict, AFasterClockDoesNotHideASlowerKernel) {
  const Outcome o = outcome(runs({.clockHz = 1.8e9}, 3), runs({.clockHz = 1.98e9, .seed = 2}, 3));
  EXPECT_EQ(o.judgement.verdict, Verdict::Unclear);
  EXPECT_THAT(o.judgement.reason, HasSubstr("in cycles: the clock changed and hides it"));
}

TEST(Verdict, ThrottledSamplesDecideNothing) {
  std::vector<Launch> launches;
  for (int i = 0; i < 20; ++i) launches.push_back({2.4e6 + i, 0, db::kThrottled});
  const std::vector<RunSamples> throttled{screen(launches, 0, {})};
  const Outcome o = outcome(runs({}, 1), throttled);
  EXPECT_EQ(o.judgement.verdict, Verdict::Unclear);
  EXPECT_EQ(o.judgement.reason, "throttled: 100.0 % of the launches");
}

TEST(Verdict, AMachineThatIsMostlyThrottledDecidesNothing) {
  std::vector<Launch> launches;
  for (int i = 0; i < 50; ++i) launches.push_back({2.4e6 + i, 0, i % 3 == 0 ? 0U : db::kThrottled});
  const std::vector<RunSamples> throttled{screen(launches, 0, {})};
  EXPECT_FALSE(throttled[0].usesThrottled) << "there are enough others";
  const Outcome o = outcome(runs({}, 1), throttled);
  EXPECT_EQ(o.judgement.verdict, Verdict::Unclear);
  EXPECT_THAT(o.judgement.reason, HasSubstr("throttled: 67"));
}

TEST(Verdict, ADisturbedRunDoesNotCountBesideQuietOnes) {
  std::vector<Launch> launches;
  for (int i = 0; i < 50; ++i) launches.push_back({3e6 + i, 0, i % 3 == 0 ? 0U : db::kThrottled});
  std::vector<RunSamples> next = runs({.seed = 2}, 3);
  next.push_back(screen(launches, 0, {}));
  const Outcome o = outcome(runs({}, 3), next);
  EXPECT_EQ(o.judgement.verdict, Verdict::Same) << o.judgement.reason;
  EXPECT_EQ(o.evidence.newRuns, 3);
  EXPECT_EQ(o.evidence.newCounts.throttled, 33) << "it is counted all the same";
  next.erase(next.begin());
  const Outcome few = outcome(runs({}, 3), next);
  EXPECT_EQ(few.judgement.verdict, Verdict::Unclear);
  EXPECT_THAT(few.judgement.reason, HasSubstr("disturbed: only 2 of 3 runs of a side"));
}

RunSamples mixed(int every, double factor) {
  std::vector<Launch> launches;
  for (int i = 0; i < 61; ++i)
    launches.push_back({factor * (i % every == 0 ? 1e6 : 2e6) * (1 + 0.001 * (i % 7)), 0, 0});
  return screen(launches, 0, {});
}

TEST(Verdict, LaunchesOfSeveralKindsAreComparedWithinThem) {
  const std::vector<RunSamples> base{mixed(3, 1)}, slower{mixed(3, 1.05)};
  EXPECT_EQ(outcome(base, base).judgement.verdict, Verdict::Same);
  const Outcome o = outcome(base, slower);
  EXPECT_EQ(o.judgement.verdict, Verdict::Slower) << o.judgement.reason;
  EXPECT_NEAR(std::expm1(o.evidence.shift), 0.05, 0.002);
  EXPECT_THAT(o.judgement.reason, HasSubstr("within 2 kinds of launches, 1.00 ms and 2.01 ms"));
}

TEST(Verdict, AnotherMixIsNotJudged) {
  const Outcome o = outcome(std::vector{mixed(2, 1)}, std::vector{mixed(10, 1)});
  EXPECT_EQ(o.judgement.verdict, Verdict::Unclear);
  EXPECT_THAT(o.judgement.reason, HasSubstr("the mix changed"));
}

TEST(Verdict, ManyKernelsAreCorrectedForTogether) {
  std::vector<ShiftEvidence> alone{weigh(runs({}, 3), runs({.ns = 2.1e6, .seed = 2}, 3), {})};
  alone[0].p = 0.01;
  EXPECT_EQ(judgeAll(alone, {})[0].verdict, Verdict::Slower);
  std::vector<ShiftEvidence> many(100, alone[0]);
  for (size_t i = 1; i < many.size(); ++i) many[i].p = 0.6;
  const std::vector<Judgement> judgements = judgeAll(many, {});
  EXPECT_EQ(judgements[0].verdict, Verdict::Unclear);
  EXPECT_THAT(judgements[0].reason, HasSubstr("ranks differ too little"));
}

}  // namespace
}  // namespace ditscope::tests
