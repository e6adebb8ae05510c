// SPDX-License-Identifier: Apache-2.0
// What is set beside what, and the verdict on the whole.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "analyzer/guard/report_compare.h"
#include "tests/analyzer/guard_traces.h"
#include "tests/support/make_trace.h"
#include "tests/support/temp_dir.h"

namespace ditscope::tests {
namespace {

using namespace analyzer;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class GuardCompare : public testing::Test {
 protected:
  RunSeries series(const KernelTrace& trace, const SeriesOptions& options = {}) const {
    const auto path = m_folder / "trace.db";
    writeKernelTrace(path, trace);
    return readSeries("trace.db", db::TraceReader(path), options);
  }
  Comparison compared(const KernelTrace& base, const KernelTrace& next, const CompareRule& rule = {}) const {
    const SeriesOptions options{.deviceModels = rule.acrossDevices};
    const std::vector<RunSeries> before{series(base, options)}, after{series(next, options)};
    return compare(before, after, rule);
  }
  TempDir m_folder;
};

KernelTrace with(std::vector<KernelSpec> kernels, uint64_t seed = 1) {
  KernelTrace trace;
  trace.kernels = std::move(kernels);
  trace.seed = seed;
  return trace;
}

TEST_F(GuardCompare, OneKernelSlowerAmongOthers) {
  const Comparison c = compared(with({{.name = "a"}, {.name = "b"}, {.name = "c"}}),
                                with({{.name = "a"}, {.name = "b", .ns = 2.2e6}, {.name = "c"}}, 2));
  EXPECT_EQ(c.verdict, Verdict::Slower);
  EXPECT_EQ(c.count(Verdict::Slower), 1);
  EXPECT_EQ(c.count(Verdict::Same), 2);
  EXPECT_EQ(c.series[0].key.kernel, "b");
  EXPECT_NEAR(c.series[0].costNs(), 21 * 0.2e6, 21 * 0.01e6);
  EXPECT_THAT(c.reason, HasSubstr("1 of 3 kernels got slower"));
  EXPECT_TRUE(c.likely);
  EXPECT_EQ(exitCodeOf(c), 1);
  EXPECT_EQ(c.baseCounts.warmup, 3);
}

TEST_F(GuardCompare, LaunchConfigurationsAreSeriesOfTheirOwn) {
  const Comparison c = compared(with({{.gridX = 16}, {.ns = 9e6, .gridX = 32}}),
                                with({{.gridX = 16}, {.ns = 9e6, .gridX = 32}}, 2));
  EXPECT_EQ(c.count(Verdict::Same), 2);
  EXPECT_EQ(c.verdict, Verdict::Same);
}

TEST_F(GuardCompare, ARebuiltKernelIsTheSameKernel) {
  const Comparison c = compared(with({{.registers = 64}}), with({{.ns = 2.3e6, .registers = 168}}, 2));
  ASSERT_EQ(c.series.size(), 1U);
  EXPECT_EQ(c.series[0].judgement.verdict, Verdict::Slower);
  EXPECT_EQ(c.series[0].note, "registers 64 -> 168");
}

TEST_F(GuardCompare, TwoCandidatesAreNotGuessed) {
  const Comparison c =
      compared(with({{.registers = 64}, {.registers = 65}}), with({{.registers = 66}, {.registers = 67}}, 2));
  EXPECT_THAT(c.series, IsEmpty());
  EXPECT_EQ(c.onlyBase.size(), 2U);
  EXPECT_EQ(c.onlyNew.size(), 2U);
  EXPECT_EQ(c.verdict, Verdict::Unclear);
  EXPECT_EQ(c.reason, "no kernel is in both");
  EXPECT_EQ(exitCodeOf(c), 2);
}

TEST_F(GuardCompare, AnotherDeviceIsNoBaseline) {
  KernelTrace other = with({{.ns = 2.2e6}}, 2);
  other.devices[0].uuid = "GPU-b";
  const Comparison c = compared(with({{}}), other);
  EXPECT_EQ(c.verdict, Verdict::Unclear);
  EXPECT_THAT(c.series[0].judgement.reason, HasSubstr("measured on GPU-a and on GPU-b; --across devices"));

  CompareRule across;
  across.acrossDevices = true;
  const Comparison wide = compared(with({{}}), other, across);
  EXPECT_EQ(wide.verdict, Verdict::Slower);
  EXPECT_NEAR(wide.series[0].evidence.floor, std::log(1.045), 1e-9)
      << "2 % of one run and 2.5 % between devices";
}

TEST_F(GuardCompare, DevicesOfOneRunAreApart) {
  KernelTrace two = with({{.device = 0}, {.ns = 2.2e6, .device = 1}});
  two.devices.push_back({.ordinal = 1, .uuid = "GPU-b", .name = "H100"});
  const Comparison c = compared(two, two);
  EXPECT_EQ(c.count(Verdict::Same), 2);
  two.devices[0].uuid = two.devices[1].uuid = "";
  const RunSeries unnamed = series(two);
  std::vector<std::string> devices;
  for (const auto& [key, one] : unnamed.series) devices.push_back(key.device);
  EXPECT_THAT(devices, ElementsAre("H100 #0", "H100 #1")) << "told apart by their number";
}

TEST_F(GuardCompare, AnotherDriverIsAnotherMachine) {
  KernelTrace other = with({{.ns = 2.2e6}}, 2);
  other.run = [](db::Run& run) { run.driver = "560.10"; };
  const Comparison c = compared(with({{}}), other);
  EXPECT_EQ(c.verdict, Verdict::Unclear);
  EXPECT_THAT(c.series[0].judgement.reason, HasSubstr("driver 550.54 and 560.10"));
  CompareRule across;
  across.acrossDrivers = true;
  EXPECT_EQ(compared(with({{}}), other, across).verdict, Verdict::Slower);
}

TEST_F(GuardCompare, ClocksComeWithTheTrace) {
  KernelTrace base = with({{}}), lower = with({{.ns = 2.2e6}}, 2);
  EXPECT_THAT(compared(base, lower).notes, Contains(HasSubstr("clocks are not known")));
  base.clockHz = 1'980'000'000;
  lower.clockHz = 1'800'000'000;
  const Comparison c = compared(base, lower);
  EXPECT_THAT(c.notes, IsEmpty());
  EXPECT_THAT(c.series[0].judgement.reason, HasSubstr("the clock changed, not the kernel"));
  EXPECT_EQ(c.series[0].newRuns.at(0).clockHz, 1.8e9);
  lower.clockHz = base.clockHz;
  EXPECT_EQ(compared(base, lower).verdict, Verdict::Slower);
}

TEST_F(GuardCompare, AnotherClockPolicyIsAnotherMachine) {
  KernelTrace locked = with({{}}), free = with({{.ns = 2.2e6}}, 2);
  locked.circumstances = {{"clock_policy", "locked at 1980 MHz"}, {"load_start", "0.1"}};
  free.circumstances = {
      {"clock_policy", "free"}, {"load_start", "0.2"}, {"disturbed", "load 9 on 2 processors"}};
  const Comparison c = compared(locked, free);
  EXPECT_EQ(c.verdict, Verdict::Unclear);
  EXPECT_THAT(c.series[0].judgement.reason, HasSubstr("the clock policies free and locked at 1980 MHz"));
  EXPECT_THAT(c.notes, Contains("trace.db: load 9 on 2 processors"));
  EXPECT_THAT(c.notes, Not(Contains(HasSubstr("0.1")))) << "loads always differ";
  CompareRule across;
  across.acrossClocks = true;
  EXPECT_EQ(compared(locked, free, across).verdict, Verdict::Slower);
}

TEST_F(GuardCompare, TheWholeIsUnclearWhenMostOfTheTimeIs) {
  const Comparison c = compared(with({{.name = "small"}, {.name = "big", .ns = 9e6, .noise = 0.2}}),
                                with({{.name = "small"}, {.name = "big", .ns = 9e6, .noise = 0.2}}, 2));
  EXPECT_EQ(c.count(Verdict::Same), 1);
  EXPECT_EQ(c.verdict, Verdict::Unclear);
  EXPECT_THAT(c.reason, HasSubstr("of the kernel time has a verdict"));
  CompareRule rule;
  rule.clearShare = 0.1;
  EXPECT_EQ(compared(with({{.name = "small"}, {.name = "big", .ns = 9e6, .noise = 0.2}}),
                     with({{.name = "small"}, {.name = "big", .ns = 9e6, .noise = 0.2}}, 2), rule)
                .verdict,
            Verdict::Same);
}

TEST_F(GuardCompare, KernelsCanBeChosen) {
  CompareRule rule;
  rule.kernels = {"flash"};
  const Comparison c = compared(with({{.name = "flash_fwd"}, {.name = "gemm"}}),
                                with({{.name = "flash_fwd"}, {.name = "gemm", .ns = 4e6}}, 2), rule);
  EXPECT_EQ(c.series.size(), 1U);
  EXPECT_EQ(c.verdict, Verdict::Same);
}

TEST_F(GuardCompare, AnIntervalDependsOnItsOwnSeriesAlone) {
  const auto interval = [&](std::vector<KernelSpec> kernels) {
    return compared(with(kernels), with(kernels, 2)).series.front().evidence.interval.low;
  };
  EXPECT_EQ(interval({{.name = "a", .ns = 9e6}}), interval({{.name = "a", .ns = 9e6}, {.name = "b"}}));
}

TEST_F(GuardCompare, LongSeriesAreSampledInOrderOfTime) {
  const RunSeries whole = series(with({{.count = 500}})),
                  part = series(with({{.count = 500}}), {.longestSeries = 50});
  const LaunchSeries& all = whole.series.begin()->second;
  const LaunchSeries& some = part.series.begin()->second;
  EXPECT_EQ(some.count, 500);
  EXPECT_EQ(some.totalNs, all.totalNs);
  ASSERT_EQ(some.launches.size(), 50U);
  auto place = all.launches.begin();
  for (const Launch& launch : some.launches) {
    place = std::find_if(place, all.launches.end(), [&](const Launch& l) { return l.ns == launch.ns; });
    ASSERT_NE(place, all.launches.end());
    ++place;
  }
}

TEST_F(GuardCompare, CallsTellTheProblem) {
  const auto path = m_folder / "calls.db";
  makeSyntheticTrace(path, {.steps = 12});
  const RunSeries run = readSeries("calls.db", db::TraceReader(path));
  std::vector<std::string> problems;
  for (const auto& [key, one] : run.series)
    if (key.kernel.starts_with("attention")) problems.push_back(key.problem);
  EXPECT_THAT(problems, ElementsAre(HasSubstr("dense density 1"), HasSubstr("reuse density 0.25"),
                                    HasSubstr("search density 0.25")));
}

}  // namespace
}  // namespace ditscope::tests
