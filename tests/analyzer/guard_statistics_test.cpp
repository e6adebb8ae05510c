// SPDX-License-Identifier: Apache-2.0
// The statistics behind regression verdicts against scipy 1.17 and numpy 2.4, brute force, and cases worked
// out by hand.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "analyzer/guard/bootstrap.h"
#include "analyzer/guard/hodges_lehmann.h"
#include "analyzer/guard/modes.h"
#include "analyzer/guard/rank_test.h"
#include "analyzer/statistics.h"

namespace ditscope::tests {
namespace {

using namespace analyzer;
using Values = std::vector<double>;

const Values kA{10.1, 10.3, 9.9, 10.0, 10.2, 10.4, 9.8, 10.1, 10.2, 10.0, 10.1, 12.5};
const Values kB{10.6, 10.7, 10.5, 10.4, 10.9, 10.6, 10.8, 10.5, 10.6, 10.7};
const Values kTicksA{1.472, 1.504, 1.472, 1.504, 1.536, 1.472, 1.504, 1.504, 1.472, 1.536, 1.6};
const Values kTicksB{1.504, 1.536, 1.504, 1.536, 1.536, 1.472, 1.504, 1.568, 1.504, 1.536};
const Values kSameA{3.1, 2.9, 3.0, 3.2, 2.8, 3.05, 2.95, 3.15, 3.3, 2.7};
const Values kSameB{3.12, 2.88, 3.02, 3.18, 2.83, 3.07, 2.91, 3.17, 3.28, 2.74, 3.01};

Values sorted(Values values) {
  std::ranges::sort(values);
  return values;
}

double shiftOf(const Values& from, const Values& to) {
  const Values a = sorted(from), b = sorted(to);
  return hodgesLehmann({a, {}}, {b, {}});
}

Values normals(std::mt19937_64& random, size_t count, double mean, double deviation) {
  std::normal_distribution<double> normal(mean, deviation);
  Values values(count);
  for (double& value : values) value = normal(random);
  return sorted(values);
}

// Every pair with every repetition.
double bruteForce(const WeightedValues& a, const WeightedValues& b) {
  Values all;
  for (size_t i = 0; i < a.values.size(); ++i)
    for (size_t j = 0; j < b.values.size(); ++j)
      for (uint32_t k = 0; k < (a.counts.empty() ? 1 : a.counts[i]) * (b.counts.empty() ? 1 : b.counts[j]);
           ++k)
        all.push_back(b.values[j] - a.values[i]);
  std::ranges::sort(all);
  return all.empty() ? kNaN : (all[(all.size() - 1) / 2] + all[all.size() / 2]) / 2;
}

TEST(HodgesLehmann, AsNumpyTakesTheMedianOfAllDifferences) {
  EXPECT_NEAR(shiftOf(kA, kB), 0.5, 1e-12);
  EXPECT_NEAR(shiftOf(kTicksA, kTicksB), 0.032, 1e-12);
  EXPECT_NEAR(shiftOf(kSameA, kSameB), 0.01, 1e-12);
}

TEST(HodgesLehmann, IsExactForAnyNumberOfPairsWithRepetitions) {
  std::mt19937_64 random(7);
  for (int trial = 0; trial < 200; ++trial) {
    Values a, b;
    for (size_t i = 0; i < 1 + random() % 12; ++i) a.push_back(double(random() % 40) / 8);
    for (size_t i = 0; i < 1 + random() % 12; ++i) b.push_back(double(random() % 40) / 7);
    std::ranges::sort(a), std::ranges::sort(b);
    std::vector<uint32_t> countA(a.size()), countB(b.size());
    for (uint32_t& count : countA) count = uint32_t(random() % 4);
    for (uint32_t& count : countB) count = uint32_t(random() % 4);
    EXPECT_EQ(hodgesLehmann({a, {}}, {b, {}}), bruteForce({a, {}}, {b, {}}));
    const double weighted = hodgesLehmann({a, countA}, {b, countB}),
                 brute = bruteForce({a, countA}, {b, countB});
    EXPECT_TRUE(weighted == brute || (std::isnan(weighted) && std::isnan(brute))) << weighted << " " << brute;
    if (!std::isnan(brute)) {
      EXPECT_NEAR(hodgesLehmann({a, countA}, {b, countB}, 1e-6), brute, 2e-6);
    }
  }
}

TEST(HodgesLehmann, NothingToCompareIsNotANumber) {
  EXPECT_TRUE(std::isnan(shiftOf({}, {1})));
  EXPECT_EQ(shiftOf({1}, {4}), 3);
}

TEST(MannWhitney, AsScipy) {
  EXPECT_NEAR(mannWhitneyP(kA, kB), 0.0011832453643065178, 1e-12);
  EXPECT_NEAR(mannWhitneyP(kTicksA, kTicksB), 0.22315908210505364, 1e-12);
  EXPECT_NEAR(mannWhitneyP(kSameA, kSameB), 0.9719131339533064, 1e-12);
  EXPECT_NEAR(mannWhitneyP(kB, kA), 0.0011832453643065178, 1e-12) << "it has two sides";
  EXPECT_EQ(mannWhitneyP({}, kA), 1);
  EXPECT_EQ(mannWhitneyP(Values{2, 2, 2}, Values{2, 2}), 1) << "all equal";
}

TEST(BenjaminiHochberg, AsScipy) {
  const Values p{0.01, 0.002, 0.04, 0.5, 0.03, 0.0005, 0.9, 0.04};
  const Values expected{
      0.026666666666666665, 0.008, 0.05333333333333333, 0.5714285714285714, 0.05333333333333333, 0.004, 0.9,
      0.05333333333333333};
  const Values q = benjaminiHochberg(p);
  for (size_t i = 0; i < p.size(); ++i) EXPECT_NEAR(q[i], expected[i], 1e-15) << i;
  EXPECT_TRUE(benjaminiHochberg({}).empty());
}

TEST(Bootstrap, SameSeedSameInterval) {
  std::mt19937_64 random(3);
  const std::vector<RunValues> base{normals(random, 30, 0, 0.01)}, next{normals(random, 30, 0.05, 0.01)};
  const double shift = hodgesLehmann({base[0], {}}, {next[0], {}});
  const Interval first = bootstrapInterval(shift, base, next), again = bootstrapInterval(shift, base, next);
  EXPECT_EQ(first.low, again.low);
  EXPECT_EQ(first.high, again.high);
  const Interval other = bootstrapInterval(shift, base, next, {.seed = 2});
  EXPECT_NE(first.low, other.low);
  EXPECT_NEAR(first.low, other.low, 0.001);
  EXPECT_LT(first.low, shift);
  EXPECT_GT(first.high, shift);
}

TEST(Bootstrap, CoversTheTrueShiftAboutAsOftenAsItSays) {
  std::mt19937_64 random(11);
  int covered = 0;
  constexpr int kTrials = 400;
  for (int trial = 0; trial < kTrials; ++trial) {
    const std::vector<RunValues> base{normals(random, 25, 0, 0.02)}, next{normals(random, 25, 0.03, 0.02)};
    const double shift = hodgesLehmann({base[0], {}}, {next[0], {}});
    const Interval interval =
        bootstrapInterval(shift, base, next, {.replicates = 600, .level = 0.9, .tolerance = 1e-5});
    covered += interval.low <= 0.03 && 0.03 <= interval.high ? 1 : 0;
  }
  EXPECT_GT(covered, int(0.84 * kTrials));
  EXPECT_LT(covered, int(0.95 * kTrials));
}

// Runs whose own level moves by 2 % say little, however many calls each has.
TEST(Bootstrap, TheSpreadBetweenRunsCounts) {
  std::mt19937_64 random(5);
  std::vector<RunValues> base, next;
  for (const double level : {-0.02, 0.0, 0.02}) {
    base.push_back(normals(random, 100, level, 0.001));
    next.push_back(normals(random, 100, level, 0.001));
  }
  const Interval byRun = bootstrapInterval(0, base, next);
  EXPECT_GT(byRun.high - byRun.low, 0.04);
  const auto pooled = [](const std::vector<RunValues>& runs) {
    RunValues all;
    for (const RunValues& run : runs) all.insert(all.end(), run.begin(), run.end());
    std::ranges::sort(all);
    return std::vector<RunValues>{all};
  };
  const Interval asOne = bootstrapInterval(0, pooled(base), pooled(next));
  EXPECT_LT(asOne.high - asOne.low, 0.75 * (byRun.high - byRun.low));
}

TEST(Bootstrap, LongRunsAreThinned) {
  std::mt19937_64 random(9);
  const std::vector<RunValues> base{normals(random, 40'000, 0, 0.01)},
      next{normals(random, 40'000, 0.01, 0.01)};
  const Interval interval = bootstrapInterval(0.01, base, next);
  EXPECT_NEAR(interval.low, 0.01 - 2.58 * 0.01 * 1.02 * std::sqrt(2.0 / 256), 0.0005);
}

TEST(Modes, TwoSizesUnderOneName) {
  Values values;
  for (int i = 0; i < 10; ++i) values.push_back(1 + 0.001 * i);
  for (int i = 0; i < 30; ++i) values.push_back(2 + 0.001 * i);
  const std::vector<Mode> modes = modesOf(values, 0.05);
  ASSERT_EQ(modes.size(), 2U);
  EXPECT_NEAR(modes[0].centre, 1.0045, 1e-12);
  EXPECT_NEAR(modes[1].centre, 2.0145, 1e-12);
  EXPECT_EQ(modes[0].count, 10);
  EXPECT_EQ(modes[1].count, 30);
  EXPECT_EQ(modesOf(values, 1.1).size(), 1U) << "not that far apart";
  for (int i = 0; i < 20; ++i) values.push_back(5 + 0.001 * i);
  EXPECT_EQ(modesOf(values, 0.05).size(), 3U);
}

TEST(Modes, NoiseOutliersAndTicksAreOneMode) {
  std::mt19937_64 random(1);
  int several = 0;
  for (int trial = 0; trial < 500; ++trial)
    several += modesOf(normals(random, 16, 0, 1), 0.05).size() > 1 ? 1 : 0;
  EXPECT_LE(several, 15) << "of 500 normal samples of 16";
  Values outliers(30, 1.0);
  outliers.push_back(9), outliers.push_back(9.5);
  EXPECT_EQ(modesOf(outliers, 0.05).size(), 1U) << "a tenth must lie in each heap";
  EXPECT_EQ(modesOf(Values{1, 1, 1, 1.02, 1.02, 1.02}, 0.05).size(), 1U) << "two ticks of a timer";
  EXPECT_EQ(modesOf(Values{1, 1, 1, 1, 1}, 0.05).size(), 1U);
  EXPECT_TRUE(modesOf({}, 0.05).empty());
}

Values twoKinds(size_t low, size_t high, double shift) {
  Values values;
  for (size_t i = 0; i < low; ++i) values.push_back(1 + shift + 0.001 * double(i % 5));
  for (size_t i = 0; i < high; ++i) values.push_back(2 + shift + 0.001 * double(i % 5));
  return sorted(values);
}

TEST(Modes, TheSameKindsInTheSameProportionsMatch) {
  const ModeMatch match = matchModes(twoKinds(10, 20, 0), twoKinds(12, 18, 0.05), 0.05);
  EXPECT_EQ(match.conflict, "");
  ASSERT_EQ(match.centres.size(), 2U);
  EXPECT_NEAR(match.centres[0], 1.002, 1e-12);
  EXPECT_EQ(match.kindOf(1.4), 0U);
  EXPECT_EQ(match.kindOf(1.6), 1U);
  EXPECT_EQ(matchModes(Values{1, 1, 1}, Values{9, 9, 9}, 0.05).centres.size(), 1U)
      << "slower, but of one kind";
}

TEST(Modes, AnotherMixDoesNotMatch) {
  EXPECT_NE(matchModes(twoKinds(20, 10, 0), twoKinds(6, 24, 0), 0.05).conflict, "") << "shares";
  EXPECT_NE(matchModes(twoKinds(10, 20, 0), twoKinds(10, 20, 0.45), 0.05).conflict, "")
      << "half way to the next";
  EXPECT_NE(matchModes(twoKinds(30, 0, 0), twoKinds(15, 15, 0), 0.05).conflict, "") << "a kind that is new";
}

}  // namespace
}  // namespace ditscope::tests
