// SPDX-License-Identifier: Apache-2.0
// Non-negative least squares against projected gradient descent, and the latency model against launches whose
// coefficients are known, with noise, outliers and terms that cannot be told apart.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "analyzer/statistics.h"
#include "analyzer/tune/latency_model.h"
#include "analyzer/tune/robust_fit.h"
#include "db/error.h"

namespace ditscope::analyzer {
namespace {

using testing::HasSubstr;

double lossOf(const std::vector<Observation>& observations, const Terms& c) {
  double sum = 0;
  for (const Observation& o : observations) sum += std::pow(o.y - dot(c, o.x), 2);
  return sum;
}

// Slow and plain: small steps downhill, negative coefficients set to 0.
Terms byGradientDescent(const std::vector<Observation>& observations) {
  double trace = 0;
  for (const Observation& o : observations) trace += dot(o.x, o.x);
  Terms c{};
  for (int step = 0; step < 200'000; ++step) {
    Terms slope{};
    for (const Observation& o : observations)
      for (size_t i = 0; i < kTerms; ++i) slope[i] += (dot(c, o.x) - o.y) * o.x[i];
    for (size_t i = 0; i < kTerms; ++i) c[i] = std::max(0.0, c[i] - slope[i] / trace);
  }
  return c;
}

TEST(RobustFit, NonNegativeFitIsTheOneThatDescentFinds) {
  std::mt19937 random(3);
  std::normal_distribution<double> normal;
  for (int problem = 0; problem < 20; ++problem) {
    std::vector<Observation> observations(12);
    for (Observation& o : observations) {
      for (double& x : o.x) x = normal(random);
      o.y = normal(random) + o.x[0] - 0.5 * o.x[1];  // so that some coefficient wants to be negative
    }
    const std::vector<double> weights(observations.size(), 1.0);
    const Terms fit = fitNonNegative(observations, weights), plain = byGradientDescent(observations);
    for (size_t i = 0; i < kTerms; ++i) {
      EXPECT_GE(fit[i], 0);
      EXPECT_NEAR(fit[i], plain[i], 1e-5) << "problem " << problem << " term " << i;
    }
    EXPECT_LE(lossOf(observations, fit), lossOf(observations, plain) + 1e-9);
  }
}

TEST(RobustFit, TermsThatAreAbsentOrTheSameGetOneCoefficient) {
  std::vector<Observation> observations;
  for (int i = 1; i <= 8; ++i) observations.push_back({{0, double(i), double(i), 1}, 3.0 * i + 2});
  const std::vector<double> weights(observations.size(), 1.0);
  const Terms fit = fitNonNegative(observations, weights);
  EXPECT_EQ(fit[0], 0);
  EXPECT_NEAR(fit[1] + fit[2], 3, 1e-9);
  EXPECT_EQ(std::min(fit[1], fit[2]), 0);
  EXPECT_NEAR(fit[3], 2, 1e-9);
}

constexpr double kFixed = 40'000, kPerQueryBlock = 900, kPerScore = 1'500, kPerValue = 1'100;

// Launches of 1 to 8 heads of 16 to 64 query blocks, with in-loop skips.
std::vector<LaunchSample> madeUpLaunches(int count, double noise, double disturbedShare) {
  std::mt19937 random(7);
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> uniform;
  std::vector<LaunchSample> samples;
  for (int i = 0; i < count; ++i) {
    LaunchSample s;
    s.heads = 1 + int64_t(8 * uniform(random));
    s.queryBlocks = 16 * (1 + int64_t(4 * uniform(random)));
    s.scoreBlocks = double(s.heads * s.queryBlocks * s.queryBlocks) * (0.05 + 0.95 * uniform(random));
    s.valueBlocks = s.scoreBlocks * (0.3 + 0.7 * uniform(random));
    s.ns = kFixed + kPerQueryBlock * double(s.heads * s.queryBlocks) + kPerScore * s.scoreBlocks +
           kPerValue * s.valueBlocks;
    s.ns *= 1 + noise * normal(random);
    if (uniform(random) < disturbedShare) s.ns *= 1.5 + 3 * uniform(random);  // slower, never faster
    s.device = "a processor";
    s.dtype = "f32";
    s.headDim = 64;
    s.block = 64;
    samples.push_back(s);
  }
  return samples;
}

TEST(LatencyModel, FindsTheCoefficientsOfExactLaunches) {
  const LatencyModel model = fitLatency(madeUpLaunches(40, 0, 0));
  EXPECT_NEAR(model.fixedNs, kFixed, 1);
  EXPECT_NEAR(model.perQueryBlockNs, kPerQueryBlock, 0.1);
  EXPECT_NEAR(model.perScoreBlockNs, kPerScore, 0.01);
  EXPECT_NEAR(model.perValueBlockNs, kPerValue, 0.01);
  EXPECT_LT(model.p90Residual, 1e-6);
  EXPECT_EQ(model.samples, 40);
  EXPECT_EQ(model.device, "a processor");
}

TEST(LatencyModel, NoiseAndAFifthOfDisturbedLaunchesMoveItLittle) {
  const LatencyModel model = fitLatency(madeUpLaunches(400, 0.03, 0.2));
  EXPECT_NEAR(model.perScoreBlockNs, kPerScore, 0.05 * kPerScore);
  EXPECT_NEAR(model.perValueBlockNs, kPerValue, 0.08 * kPerValue);
  double worst = 0;
  for (const LaunchSample& s : madeUpLaunches(50, 0, 0))
    worst = std::max(worst, std::abs(model.predict(s).ns / s.ns - 1));
  EXPECT_LT(worst, 0.03);
  EXPECT_LT(model.medianResidual, 0.05);
  EXPECT_GT(model.p90Residual, 0.3) << "the disturbed launches must show";
}

TEST(LatencyModel, NineTenthsOfFreshLaunchesLieInTheInterval) {
  const LatencyModel model = fitLatency(madeUpLaunches(1000, 0.05, 0));
  int inside = 0;
  const std::vector<LaunchSample> fresh = madeUpLaunches(500, 0.05, 0);
  for (const LaunchSample& s : fresh) {
    const TimePrediction time = model.predict(s);
    EXPECT_LE(time.lo, time.ns);
    EXPECT_GE(time.hi, time.ns);
    inside += s.ns >= time.lo && s.ns <= time.hi;
  }
  EXPECT_NEAR(inside / 500.0, 0.9, 0.03);
}

TEST(LatencyModel, WhatCannotBeToldApartIsShared) {
  std::vector<LaunchSample> samples;
  for (int i = 1; i <= 10; ++i) {
    LaunchSample s{.heads = 4, .queryBlocks = 32, .scoreBlocks = 400.0 * i, .device = "", .dtype = ""};
    s.valueBlocks = s.scoreBlocks;
    s.ns = 50'000 + 2'000 * s.scoreBlocks;
    samples.push_back(s);
  }
  const LatencyModel model = fitLatency(samples);
  EXPECT_EQ(model.fixedNs, 0);
  EXPECT_NEAR(model.perQueryBlockNs, 50'000.0 / 128, 1e-3);
  EXPECT_NEAR(model.perScoreBlockNs, 1'000, 1e-6);
  EXPECT_EQ(model.perScoreBlockNs, model.perValueBlockNs);
}

TEST(LatencyModel, ExtrapolationIsFlagged) {
  const std::vector<LaunchSample> samples = madeUpLaunches(100, 0, 0);
  const LatencyModel model = fitLatency(samples);
  for (const LaunchSample& s : samples) EXPECT_FALSE(model.predict(s).extrapolated);
  const auto flagged = [&](auto change) {
    LaunchSample s = samples.front();
    change(s);
    return model.predict(s).extrapolated;
  };
  EXPECT_TRUE(flagged([](LaunchSample& s) { s.scoreBlocks = 0.01 * double(s.heads * s.queryBlocks); }));
  EXPECT_TRUE(flagged([](LaunchSample& s) { s.scoreBlocks = 70.0 * double(s.heads * s.queryBlocks); }));
  EXPECT_TRUE(flagged([](LaunchSample& s) { s.scoreBlocks *= 10, s.queryBlocks *= 10; }));
  EXPECT_TRUE(flagged([](LaunchSample& s) { s.headDim = 128; }));
  EXPECT_TRUE(flagged([](LaunchSample& s) { s.device = "another"; }));
  EXPECT_TRUE(flagged([](LaunchSample& s) { s.dtype = "bf16"; }));
  EXPECT_FALSE(flagged([](LaunchSample& s) { s.device.clear(), s.headDim = 0; })) << "not said is no other";
}

std::string refusal(const std::vector<LaunchSample>& samples) {
  try {
    (void)fitLatency(samples);
  } catch (const db::Error& error) {
    EXPECT_EQ(error.exitCode(), 3);
    return error.what();
  }
  return "";
}

TEST(LatencyModel, RefusesTooLittleAndMixtures) {
  EXPECT_THAT(refusal({}), HasSubstr("0 measured launches are too few, 6 are needed : measure several"));
  EXPECT_THAT(refusal(madeUpLaunches(5, 0, 0)), HasSubstr("5 measured launches"));
  std::vector<LaunchSample> samples = madeUpLaunches(10, 0, 0);
  for (LaunchSample& s : samples) s.scoreBlocks = 16.0 * double(s.heads * s.queryBlocks);
  EXPECT_THAT(refusal(samples), HasSubstr("all 10 launches have one density, 16 blocks a row"));
  samples = madeUpLaunches(10, 0, 0);
  samples.back().headDim = 128;
  EXPECT_THAT(refusal(samples), HasSubstr("two kinds, f32 with heads of 64 in blocks of 64 on a processor"));
  EXPECT_EQ(samplesLike(samples, 64, "float32", 64).size(), 9U);
  samples.resize(9);
  for (size_t i = 0; i < 4; ++i) samples[i].ns = i % 2 == 0 ? 0 : kNaN;
  EXPECT_THAT(refusal(samples), HasSubstr("5 measured launches")) << "times that are none do not count";
}

TEST(Statistics, QuantilesLieBetweenTheNearestValues) {
  EXPECT_TRUE(std::isnan(quantile({}, 0.5)));
  EXPECT_EQ(quantile({3}, 0.9), 3);
  EXPECT_EQ(quantile({4, 1, 3, 2}, 0.5), 2.5);
  EXPECT_EQ(quantile({4, 1, 3, 2}, 0), 1);
  EXPECT_EQ(quantile({4, 1, 3, 2}, 1), 4);
  EXPECT_NEAR(quantile({0, 10, 20, 30, 40}, 0.9), 36, 1e-12);
}

}  // namespace
}  // namespace ditscope::analyzer
