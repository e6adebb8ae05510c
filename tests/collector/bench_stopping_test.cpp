// SPDX-License-Identifier: Apache-2.0
// When a benchmark has seen enough, what it thinks of the machine, and the handicaps that try a guard.
#include <gtest/gtest.h>

#include <cmath>

#include "collector/bench/handicap.h"
#include "collector/bench/noise.h"
#include "collector/bench/sampling.h"
#include "db/error.h"

namespace ditscope::collector::bench {
namespace {

TEST(BenchNoise, IsTheRelativeStandardDeviation) {
  Noise noise(0.3);
  EXPECT_TRUE(std::isnan(noise.value()));
  noise.add(1);
  EXPECT_FALSE(noise.isQuiet()) << "one sample says nothing";
  noise.add(2);
  noise.add(3);
  EXPECT_DOUBLE_EQ(noise.value(), 0.5);
  EXPECT_FALSE(noise.isQuiet());
  for (int i = 0; i < 20; ++i) noise.add(2);
  EXPECT_TRUE(noise.isQuiet());
}

TEST(BenchNoise, SettlesWhenMoreSamplesChangeNothing) {
  Noise steady(0.001), growing(0.001);
  double width = 0.001;
  for (int i = 0; i < 63; ++i) {
    steady.add(i % 2 == 0 ? 1 : 1.1);
    growing.add(1 + (i % 2 == 0 ? width : -width));
    width *= 1.05;
  }
  EXPECT_FALSE(steady.hasSettled()) << "too few to say so";
  for (int i = 63; i < 160; ++i) {
    steady.add(i % 2 == 0 ? 1 : 1.1);
    growing.add(1 + (i % 2 == 0 ? width : -width));
    width *= 1.02;
  }
  EXPECT_TRUE(steady.hasSettled());
  EXPECT_FALSE(steady.isQuiet());
  EXPECT_FALSE(growing.hasSettled());
}

TEST(BenchProbe, KnowsTheClockAndItsOwnBest) {
  MachineProbe probe(1);
  EXPECT_EQ(probe.bestArithmetic(), 0);
  MachineState state;
  for (int i = 0; i < 20; ++i) state = probe.measure();
  EXPECT_GT(state.clockHz, 1e8);
  EXPECT_LT(state.clockHz, 1e10);
  const MachineState best{2e9, probe.bestArithmetic()}, less{2e9, 0.8 * probe.bestArithmetic()};
  EXPECT_FALSE(probe.isThrottled(best, best));
  EXPECT_TRUE(probe.isThrottled(best, less));
  EXPECT_TRUE(probe.isThrottled(less, best));
}

TEST(BenchHandicap, MakesACallLongerByItsShare) {
  std::vector<Contender> contenders(2);
  contenders[0] = {.name = "slow-one", .own = "", .libtorch = "", .run = [] {
                     const double end = benchClock(1) + 0.01;
                     while (benchClock(1) < end) {
                     }
                   }};
  contenders[1] = {.name = "other", .own = "", .libtorch = "", .run = contenders[0].run};
  const auto slowed = withHandicaps(contenders, std::vector{parseHandicap("slow=50")}, 1);
  const auto timeOf = [](const Contender& contender) {
    const double start = benchClock(1);
    contender.run();
    return benchClock(1) - start;
  };
  const double slow = timeOf(slowed[0]), other = timeOf(slowed[1]);
  EXPECT_GE(slow, 0.0149);
  EXPECT_LT(slow, 0.1) << "a hypervisor may take some of it";
  EXPECT_GE(other, 0.0099);
  EXPECT_EQ(parseHandicap("a=b=2.5").name, "a=b");
  EXPECT_DOUBLE_EQ(parseHandicap("a=b=2.5").share, 0.025);
  for (const char* text : {"", "a", "=5", "a=", "a=x", "a=-3", "a=0", "a=5%", "a=99999"})
    EXPECT_THROW((void)parseHandicap(text), db::Error) << text;
}

TEST(BenchSampling, EndsWhenTheTimesSayEnough) {
  std::vector<Contender> contenders(2);
  for (Contender& contender : contenders)
    contender.run = [] {
      const double end = benchClock(1) + 0.001;
      while (benchClock(1) < end) {
      }
    };
  MachineProbe probe(1, 0);  // whatever this machine does
  const auto ends = [&](const SamplePlan& plan) {
    return sample(contenders, plan, probe, [](const Sample&) {});
  };
  const Samples quiet = ends({.minSamples = 4, .noise = 1e9, .timeOut = 60});
  EXPECT_EQ(quiet.stop, Stop::Quiet);
  EXPECT_GE(quiet.rounds(), 4);
  EXPECT_GT(quiet.noise[1], 0);
  const Samples late = ends({.minSamples = 100'000, .timeOut = 0.05});
  EXPECT_EQ(late.stop, Stop::TimeOut);
  EXPECT_GE(late.rounds(), 1);
  EXPECT_EQ(ends({.rounds = 3}).stop, Stop::Rounds);
}

}  // namespace
}  // namespace ditscope::collector::bench
