// SPDX-License-Identifier: Apache-2.0
// The numbers of a head, the cost of recording and the facts about the machine, on values counted by hand.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "collector/environment.h"
#include "collector/head_statistics.h"
#include "collector/overhead.h"
#include "collector/progress_line.h"

namespace ditscope::collector {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();

TEST(RunStatistics, LseOverFiniteRows) {
  db::HeadStats stats;
  summariseLse(std::vector<float>{1, 3, -kInf, 5}, stats);
  EXPECT_FLOAT_EQ(stats.lseMean, 3);
  EXPECT_FLOAT_EQ(stats.lseStd, std::sqrt(8.0f / 3));
  EXPECT_EQ(stats.lseMin, 1);
  EXPECT_EQ(stats.lseMax, 5);
  EXPECT_EQ(stats.lseEmptyRows, 1);

  db::HeadStats empty;
  summariseLse(std::vector<float>{-kInf, -kInf}, empty);
  EXPECT_TRUE(std::isnan(empty.lseMean));
  EXPECT_EQ(empty.lseEmptyRows, 2);
}

TEST(RunStatistics, DriftSkipsRowsThatAreEmptyInEither) {
  db::HeadStats stats;
  summariseLseDrift(std::vector<float>{1, 2, 3, -kInf, 7}, std::vector<float>{0, 4, 3, 1, -kInf}, stats);
  EXPECT_FLOAT_EQ(stats.lseDriftMean, 1);
  EXPECT_FLOAT_EQ(stats.lseDriftSigned, -1.0f / 3);
  EXPECT_FLOAT_EQ(stats.lseDriftP50, 1);
  EXPECT_FLOAT_EQ(stats.lseDriftP90, 2);
}

TEST(RunStatistics, RecallIsTheRatioOfTheSums) {
  std::vector<float> kept, full;
  for (int i = 0; i <= 100; ++i) {  // recall 0, 0.01, ... 1
    full.push_back(2);
    kept.push_back(2 + std::log(float(i) / 100));
  }
  db::HeadStats stats;
  summariseRecall(kept, full, stats);
  EXPECT_NEAR(stats.recallMean, 0.5, 1e-6);
  EXPECT_NEAR(stats.recallP01, 0.01, 1e-6);
  EXPECT_NEAR(stats.recallP05, 0.05, 1e-6);
}

TEST(RunStatistics, EntropyOfUniformMassIsLogOfTheBlocks) {
  // Two rows, four key blocks. Row 0: a quarter each; row 1: everything in block 2.
  const int16_t q = -2 * 256, none = INT16_MIN;
  const std::vector<int16_t> rowLogMass = {q, none, q, none, q, 0, q, none};
  const std::vector<float> lse = {0, 0};
  EXPECT_NEAR(rowEntropy(rowLogMass, lse), std::log(4.0) / 2, 1e-6);
}

TEST(RunStatistics, BlockMeansOfARaggedEnd) {
  const std::vector<float> means = blockMeans(std::vector<float>{1, 3, -kInf, -kInf, 5}, 2);
  ASSERT_EQ(means.size(), 3u);
  EXPECT_EQ(means[0], 2);
  EXPECT_EQ(means[1], -kInf);
  EXPECT_EQ(means[2], 5);
}

TEST(RunStatistics, RecallCurveOfAKnownMap) {
  // 96 rows in blocks of 64: the second block row counts half as much as the first.
  const db::BlockMass map{2, 4, {0.7f, 0.1f, 0.1f, 0.1f, 0.25f, 0.25f, 0.25f, 0.25f}};
  const db::RecallCurve curve = recallCurve(map, 96, 64);
  ASSERT_EQ(curve.byRow.size(), size_t(db::kCurvePoints));
  EXPECT_NEAR(db::curveDensity(31), 0.25, 1e-9);  // one block in a row, two in the head
  EXPECT_NEAR(curve.byRow[31], (0.7 * 64 + 0.25 * 32) / 96, 1e-6);
  EXPECT_NEAR(curve.byHead[31], (0.7 * 64 + 0.25 * 32) / 96, 1e-6);  // weights .467, .083, .083, .067
  EXPECT_NEAR(curve.byRow.back(), 1, 1e-6);
  EXPECT_NEAR(curve.byHead.back(), 1, 1e-6);
  for (size_t i = 1; i < curve.byRow.size(); ++i) {
    EXPECT_GE(curve.byRow[i], curve.byRow[i - 1]);
    EXPECT_GE(curve.byHead[i], curve.byRow[i] - 1e-6f) << "a free choice is never worse";
  }
}

TEST(RunStatistics, OverheadIsTheMedianWithItsInterval) {
  const Overhead few = summariseRatios({1.3, 1.0, 1.1});
  EXPECT_EQ(few.ratio, 1.1);
  EXPECT_EQ(few.lo, 1.0);
  EXPECT_EQ(few.hi, 1.3);
  std::vector<double> ten;
  for (int i = 1; i <= 10; ++i) ten.push_back(i);
  const Overhead many = summariseRatios(ten);  // P(Binomial(10, 1/2) < 2) = 11 / 1024, < 3 = 56 / 1024
  EXPECT_EQ(many.ratio, 5.5);
  EXPECT_EQ(many.lo, 2);
  EXPECT_EQ(many.hi, 9);
}

TEST(RunStatistics, OverheadRoundsAlternateAndSkipTheFirst) {
  std::string order;
  const Overhead overhead = measureOverhead(
      2, [&order] { return order += '-', order.size() < 3 ? 100.0 : 1.0; },
      [&order] { return order += '+', 1.5; });
  EXPECT_EQ(order, "-+-++-");
  EXPECT_EQ(overhead.ratio, 1.5);
}

TEST(RunStatistics, BlasByItsPath) {
  EXPECT_TRUE(classifyBlas("/usr/lib/x86_64-linux-gnu/blas/libblas.so.3.11.0").reference);
  EXPECT_EQ(classifyBlas("/usr/lib/x86_64-linux-gnu/openblas-openmp/libblas.so.3").name, "openblas-openmp");
  EXPECT_EQ(classifyBlas("/usr/lib/x86_64-linux-gnu/openblas-pthread/libopenblasp-r0.3.21.so").name,
            "openblas-pthread");
  EXPECT_EQ(classifyBlas("/opt/torch/lib/libtorch_cpu.so").name, "built into LibTorch");
  EXPECT_FALSE(classifyBlas("").reference);
  EXPECT_FALSE(loadedBlas().name.empty());
}

TEST(RunStatistics, EnvironmentIsNeverEmpty) {
  EXPECT_FALSE(cpuDevice().name.empty());
  EXPECT_GT(cpuDevice().smCount, 0);
  EXPECT_GT(cpuDevice().memoryBytes, 1 << 20);
  EXPECT_EQ(newUuid().size(), 36u);
  EXPECT_NE(newUuid(), newUuid());
}

TEST(RunStatistics, ProgressNamesRateAndEnd) {
  EXPECT_EQ(ProgressLine::text("recording", 0, 20, 0), "recording: 0/20");
  EXPECT_EQ(ProgressLine::text("recording", 5, 20, 10), "recording: 5/20, 2.0 s/step, ends in 30 s");
  EXPECT_EQ(ProgressLine::text("recording", 20, 20, 5), "recording: 20/20, 4.0 steps/s, took 5.0 s");
}

}  // namespace
}  // namespace ditscope::collector
