// SPDX-License-Identifier: Apache-2.0
// The arithmetic of a benchmark: quantiles, ratios, what is said of them.
#include "collector/bench/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "collector/bench/bench_progress.h"
#include "db/error.h"

namespace ditscope::collector::bench {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST(BenchSampling, QuantilesLieBetweenTheNearestValues) {
  const Spread spread = spreadOf({5, 1, 4, 2, 3});
  EXPECT_DOUBLE_EQ(spread.median, 3);
  EXPECT_DOUBLE_EQ(spread.p10, 1.4);
  EXPECT_DOUBLE_EQ(spread.p90, 4.6);
  EXPECT_DOUBLE_EQ(spreadOf({1, 2}).median, 1.5);
  EXPECT_DOUBLE_EQ(spreadOf({7}).p90, 7);
  EXPECT_THROW((void)spreadOf({}), std::invalid_argument);
}

TEST(BenchSampling, RatiosAreTakenInsideARound) {
  // A machine that is ten times slower in one round does not change them.
  const std::vector<double> slow{2, 20, 2}, fast{1, 10, 1}, fewer{1};
  EXPECT_DOUBLE_EQ(medianRatio(slow, fast), 2);
  EXPECT_THROW((void)medianRatio(slow, fewer), std::invalid_argument);
  EXPECT_DOUBLE_EQ(relativeRange(slow), 9);
}

TEST(BenchProgress, WeighsShapesByTheirWork) {
  // Twice the tokens is four times the work: 1 + 1 of 10 parts after the first shape, 2 + 4 after a round
  // more.
  const BenchProgress progress({{1, 8, 1024, 64}, {1, 8, 2048, 64}}, 2, 30, false);
  EXPECT_EQ(progress.text(0, 0, 0), "shape 1 of 2, 1x8x1024x64, round 1 of 2");
  EXPECT_EQ(progress.text(0, 1, 3), "shape 1 of 2, 1x8x1024x64, round 2 of 2, ends in 27 s");
  EXPECT_EQ(progress.text(1, 0, 6), "shape 2 of 2, 1x8x2048x64, round 1 of 2, ends in 24 s");
  EXPECT_EQ(progress.text(1, 1, 18), "shape 2 of 2, 1x8x2048x64, round 2 of 2, ends in 12 s");
  EXPECT_EQ(progress.text(1, 2, 30), "shape 2 of 2, 1x8x2048x64, round 2 of 2, ends in 0 s");
}

TEST(BenchProgress, WithoutANumberOfRoundsTheTimeOutIsTheEnd) {
  const BenchProgress progress({{1, 8, 1024, 64}, {1, 8, 2048, 64}}, 0, 30, false);
  EXPECT_EQ(progress.text(1, 6, 42), "shape 2 of 2, 1x8x2048x64, round 7, ends in 18 s at most");
  EXPECT_EQ(progress.text(1, 6, 75), "shape 2 of 2, 1x8x2048x64, round 7, ends in 0 s at most");
}

TEST(BenchSampling, TakesTurnsAndDropsTheWarmUp) {
  std::string order;
  std::vector<Contender> contenders(2);
  contenders[0].run = [&] { order += 'a'; };
  contenders[1].run = [&] { order += 'b'; };
  std::vector<int> rounds;
  MachineProbe probe(2);
  const SamplePlan plan{.rounds = 3, .warmups = 2, .threads = 2};
  const Samples samples = sample(contenders, plan, probe, [&](const Sample& one) {
    EXPECT_GT(one.seconds, 0);
    if (one.contender == 0) rounds.push_back(one.round);
  });
  EXPECT_EQ(order, "ababababab");
  EXPECT_THAT(rounds, ElementsAre(-2, -1, 0, 1, 2));
  EXPECT_EQ(samples.rounds(), 3);
  EXPECT_EQ(samples.seconds[1].size(), 3u);
}

class BenchReport : public testing::Test {
 protected:
  void SetUp() override {
    add("fma-peak", 1, 100, "", "", {1.0, 1.0, 1.02});
    add("ditscope-f32", 1, 80, "ditscope-f32", "libtorch-unfused", {1, 1, 1});
    add("ditscope-f32-density-0.5", 0.5, 40, "ditscope-f32", "libtorch-unfused", {0.625, 0.625, 0.625});
    add("plan-density-0.5", 0.5, 0, "ditscope-f32-density-0.5", "", {0.00625, 0.00625, 0.00625});
    add("libtorch-unfused", 1, 80, "ditscope-f32", "", {3, 3, 3});
  }
  void add(const char* name, double density, double flops, const char* own, const char* libtorch,
           std::vector<double> seconds) {
    m_contenders.push_back({name, density, flops, own, libtorch, [] {}});
    m_samples.seconds.push_back(std::move(seconds));
    m_samples.noise.push_back(0.01);
  }
  [[nodiscard]] ShapeReport report() const { return summarise({1, 2, 30, 4}, m_contenders, m_samples); }

  std::vector<Contender> m_contenders;
  Samples m_samples;
};

TEST_F(BenchReport, ComparesWithPeakOwnDenseAndLibtorch) {
  const auto results = report().results;
  EXPECT_DOUBLE_EQ(results[0].shareOfPeak, 1);
  EXPECT_DOUBLE_EQ(results[1].shareOfPeak, 0.8);
  EXPECT_DOUBLE_EQ(results[1].flopsPerSecond, 80);
  EXPECT_DOUBLE_EQ(results[1].overLibtorch, 3);
  EXPECT_TRUE(std::isnan(results[1].efficiency));
  EXPECT_DOUBLE_EQ(results[2].overOwn, 1.6);
  EXPECT_DOUBLE_EQ(results[2].efficiency, 0.8);
  EXPECT_DOUBLE_EQ(results[2].overLibtorch, 4.8);
  EXPECT_TRUE(results[3].isPlan());
  EXPECT_DOUBLE_EQ(results[3].overOwn, 0.01);
  EXPECT_DOUBLE_EQ(results[4].overOwn, 1.0 / 3);
  EXPECT_TRUE(std::isnan(results[4].overLibtorch));
}

TEST_F(BenchReport, TableHasALineForEachAndDashesForWhatDoesNotApply) {
  const std::string text = toText(report());
  EXPECT_THAT(text, HasSubstr("1x2x30x4 (batch x heads x tokens x dim)"));
  EXPECT_THAT(text, HasSubstr("0.640    1.600       4.80      0.800\n"));
  EXPECT_THAT(text, HasSubstr("plan-density-0.5 takes 1.00 % of its kernel's time\n"));
  EXPECT_THAT(text, Not(HasSubstr("nan")));
  EXPECT_THAT(text, Not(HasSubstr("disturbed")));
}

TEST_F(BenchReport, SaysWhenThePeakMoved) {
  m_samples.seconds[0] = {1, 1.06, 1};
  EXPECT_THAT(toText(report()), HasSubstr("The FMA peak moved by 6.0 % between rounds"));
  const nlohmann::json json = toJson({}, std::vector{report()});
  EXPECT_EQ(json["shapes"][0]["disturbed"], true);
}

TEST_F(BenchReport, SaysWhyItEnded) {
  EXPECT_THAT(toText(report()), Not(HasSubstr("3 rounds, ")));
  m_samples.stop = Stop::TimeOut;
  m_samples.noise[4] = 0.08;
  m_samples.throttled = 3;
  EXPECT_THAT(toText(report()),
              HasSubstr("3 rounds, ended by the time-out: libtorch-unfused still varies by 8.0 %\n"));
  EXPECT_THAT(toText(report()), HasSubstr("20.0 % of the calls were throttled"));
  const nlohmann::json json = toJson({}, std::vector{report()});
  EXPECT_EQ(json["shapes"][0]["stop"], "time-out");
  EXPECT_EQ(json["shapes"][0]["rounds"], 3);
  EXPECT_EQ(json["shapes"][0]["contenders"][4]["noise"], 0.08);
}

TEST_F(BenchReport, JsonHasNullForWhatDoesNotApply) {
  const nlohmann::json json = toJson({.processor = "x", .torch = "1", .blas = "b"}, std::vector{report()});
  EXPECT_EQ(json["schema"], "ditscope.bench/1");
  const nlohmann::json& rows = json["shapes"][0]["contenders"];
  ASSERT_EQ(rows.size(), 5u);
  EXPECT_EQ(rows[1]["median_ms"], 1000.0);
  EXPECT_TRUE(rows[1]["efficiency"].is_null());
  EXPECT_DOUBLE_EQ(rows[2]["efficiency"].get<double>(), 0.8);
  EXPECT_DOUBLE_EQ(rows[3]["share_of_kernel"].get<double>(), 0.01);
  EXPECT_TRUE(rows[4]["speedup_over_libtorch"].is_null());
}

TEST(BenchShape, ReadsFourSides) {
  const Shape shape = parseShape("2,8,4096,72");
  EXPECT_EQ(toString(shape), "2x8x4096x72");
  EXPECT_DOUBLE_EQ(shape.denseFlops(), 4.0 * 2 * 8 * 4096 * 4096 * 72);
}

TEST(BenchShape, RefusesWhatIsNone) {
  for (const char* text : {"", "1", "1,2,3", "1,2,3,4,5", "1,2,3,4,", "1,,3,4", "a,2,3,4", "1,2,3,4x",
                           "1.5,2,3,4", "0,2,3,4", "1,2,-3,4", "1,2,3,257", "1000000,1000000,1000000,256",
                           "99999999999999999999,1,1,1", "1,1,1000001,16"})
    EXPECT_THROW((void)parseShape(text), db::Error) << text;
}

}  // namespace
}  // namespace ditscope::collector::bench
