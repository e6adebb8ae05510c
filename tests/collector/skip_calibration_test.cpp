// SPDX-License-Identifier: Apache-2.0
// The calibration of in-loop skips: its fit, and that the skips it foretells from gaps are those that happen.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "block_masses.h"
#include "collector/plan_runner.h"
#include "collector/skip_calibration_run.h"
#include "db/error.h"
#include "method_support.h"
#include "run_models.h"
#include "temporary_folder.h"

namespace ditscope::collector::test {
namespace {

using testing::HasSubstr;

std::vector<SkipPoint> pointsOn(double lnA, double b, std::initializer_list<double> sparsities) {
  std::vector<SkipPoint> points;
  for (const double s : sparsities) points.push_back({std::exp(lnA + b * s), s});
  return points;
}

TEST(SkipCalibration, FindsTheCurveOfPointsThatLieOnOne) {
  auto points = pointsOn(7.945, 4.388, {0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9});
  points.push_back({1e-9, 0.05});  // outside the range, off the curve
  points.push_back({1e9, 0.95});
  const auto curve = fitSkipCurve(points);
  ASSERT_TRUE(curve);
  EXPECT_NEAR(curve->lnA, 7.945, 1e-9);
  EXPECT_NEAR(curve->b, 4.388, 1e-9);
  EXPECT_NEAR(curve->r2, 1, 1e-12);
  EXPECT_EQ(curve->points, 9);
  EXPECT_DOUBLE_EQ(curve->minSparsity, 0.1);
  EXPECT_DOUBLE_EQ(curve->maxSparsity, 0.9);
  EXPECT_TRUE(curve->covers(0.5));
  EXPECT_FALSE(curve->covers(0.95));
}

TEST(SkipCalibration, ThePublishedCheckpointsLambdas) {  // Wan 2.2 A14B at 75,600 keys
  const SkipCurve curve{.lnA = std::log(2822.62), .b = 4.38825};
  EXPECT_NEAR(curve.scaleFactor(0.5) / 75600, 0.335, 5e-4);
  EXPECT_NEAR(curve.scaleFactor(0.65) / 75600, 0.647, 5e-4);
  EXPECT_NEAR(curve.scaleFactor(0.7) / 75600, 0.806, 5e-4);
  EXPECT_NEAR(curve.scaleFactor(0.75) / 75600, 1.003, 5e-4);
  EXPECT_EQ(lnLambda(curve.scaleFactor(0.75) / 75600), 0);
}

TEST(SkipCalibration, IsTheLeastSquaresLineInLogSpace) {
  const double x[] = {0.15, 0.22, 0.41, 0.63, 0.88}, y[] = {-3.1, -2.2, -0.4, 0.9, 2.8};
  std::vector<SkipPoint> points(5, {1, 0});  // raw points without skips
  for (int i = 0; i < 5; ++i) points.push_back({std::exp(y[i]), x[i]});
  const auto curve = fitSkipCurve(points);
  ASSERT_TRUE(curve);
  double squares = 0, total = 0, slope = 0, offset = 0, mean = 0;  // residuals are orthogonal to 1 and to x
  for (const double value : y) mean += value / 5;
  for (int i = 0; i < 5; ++i) {
    const double residual = y[i] - (curve->lnA + curve->b * x[i]);
    offset += residual;
    slope += residual * x[i];
    squares += residual * residual;
    total += (y[i] - mean) * (y[i] - mean);
  }
  EXPECT_NEAR(offset, 0, 1e-12);
  EXPECT_NEAR(slope, 0, 1e-12);
  EXPECT_NEAR(curve->r2, 1 - squares / total, 1e-12);
}

TEST(SkipCalibration, NeedsTenPointsAndThreeInRange) {
  EXPECT_FALSE(fitSkipCurve(pointsOn(1, 2, {0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.86})));
  EXPECT_FALSE(fitSkipCurve(pointsOn(1, 2, {0, 0, 0, 0, 0, 0, 0, 0, 0.2, 0.4, 0.95, 0.99})));
  EXPECT_TRUE(fitSkipCurve(pointsOn(1, 2, {0, 0, 0, 0, 0, 0, 0, 0, 0.2, 0.4, 0.6, 0.99})));
  EXPECT_FALSE(fitSkipCurve(pointsOn(1, 2, {0, 0, 0, 0, 0, 0, 0, 0, 0.4, 0.4, 0.4, 0.99})))
      << "a single sparsity";
}

PlanResult run(const Plan& plan, const MethodCall& call, const PlanRequest& request) {
  const RunClock clock;
  return runPlan(plan, call.q.unsqueeze(0), call.k.unsqueeze(0), call.v.unsqueeze(0), request, clock);
}

TEST(SkipCalibration, ForetellsFromGapsExactlyWhatBlasstSkips) {
  for (const CallShape& shape : {CallShape{.heads = 2, .grid = {3, 9, 11}, .dim = 24},
                                 CallShape{.heads = 1, .grid = {4, 9, 17}, .dim = 72, .block = 64}}) {
    const MethodCall call = localCall(shape, 5);
    const at::Tensor gaps =
        run(Plan{.wantGaps = true}, call, {.block = call.block, .gaps = true}).kernel.gaps.contiguous();
    SkipCounts counts;
    counts.add({gaps.data_ptr<float>(), size_t(gaps.numel())});
    EXPECT_EQ(counts.blocks(), gaps.numel());
    double before = 0;
    for (size_t trial = 0; trial < kTrialLambdas.size(); ++trial) {
      const Plan plan =
          makeMethod("blasst:lambda=" + nlohmann::json(kTrialLambdas[trial]).dump())->plan(call);
      const at::Tensor counters = run(plan, call, {.block = call.block, .keptBits = true}).kernel.counters[0];
      const auto visited = counters.select(1, 0).sum().item<int64_t>();
      const auto skipped = counters.select(1, 1).sum().item<int64_t>();
      EXPECT_EQ(visited, counts.blocks());
      EXPECT_EQ(counts.share(trial), double(skipped) / double(visited)) << kTrialLambdas[trial];
      EXPECT_GE(counts.share(trial), before);
      before = counts.share(trial);
    }
    EXPECT_GT(before, 0.1);
  }
}

TEST(SkipCalibration, CountsAddUpAndUnvisitedBlocksDoNotCount) {
  SkipCounts a, b;
  const float inf = std::numeric_limits<float>::infinity();
  a.add(std::vector<float>{inf, NAN, std::log(0.15f), -40});
  b.add(std::vector<float>{inf, 0.0f});
  a.add(b);
  EXPECT_EQ(a.blocks(), 5);
  EXPECT_DOUBLE_EQ(a.share(0), 1.0 / 5) << "e^-40 is below 1e-12";
  EXPECT_DOUBLE_EQ(a.share(14), 1.0 / 5) << "0.15 is not below 0.1";
  EXPECT_DOUBLE_EQ(a.share(15), 2.0 / 5) << "but below 0.2";
  EXPECT_DOUBLE_EQ(a.share(21), 2.0 / 5);
}

class SkipCalibrationOfAModel : public testing::Test {
 protected:
  SkipCalibrationOfAModel() {
    writeTinyWan(m_folder.path() / "model");
    m_options.run = tinyRun(m_folder.path() / "model", m_folder.path());
    m_options.samples = {{0, 0}, {1, 1}};
  }
  SkipMeasurement calibrate() {
    ProgressLine progress(false);
    return calibrateSkips(m_options, progress, [] { return false; });
  }
  [[nodiscard]] std::string write(const SkipCalibration& calibration) const {
    const auto file = m_folder.path() / "calib.json";
    std::ofstream(file) << toJson(calibration);
    return file.string();
  }

  TemporaryFolder m_folder;
  SkipCalibrationOptions m_options;
};

TEST_F(SkipCalibrationOfAModel, PassesThroughItsFileToThresholdsOfHeads) {
  const SkipMeasurement measured = calibrate();
  EXPECT_EQ(measured.keys, 300);
  EXPECT_EQ(measured.points.size(), 2 * kTrialLambdas.size());
  const SkipCalibration& calibration = measured.calibration;
  EXPECT_GT(calibration.global.b, 0) << "more is skipped with a larger scale factor";
  ASSERT_FALSE(calibration.heads.empty());
  const std::string file = write(calibration);
  const SkipCalibration read = readSkipCalibration(file);
  EXPECT_EQ(read.global.lnA, calibration.global.lnA);
  EXPECT_EQ(read.heads.size(), calibration.heads.size());

  const auto [place, curve] = *calibration.heads.begin();
  MethodCall call = randomCall({.heads = 2, .grid = {5, 6, 10}});
  call = callAt(call, 0, place.first);
  const std::string text = "blasst:calibration=" + file + ",target=0.5";
  const Plan global = makeMethod(text)->plan(call), perHead = makeMethod(text + ",curve=head")->plan(call);
  const auto expected = [](const SkipCurve& c) { return std::min(c.lnA + c.b * 0.5 - std::log(300.0), 0.0); };
  EXPECT_NEAR(global.decisions[0].threshold, expected(calibration.global), 1e-5);
  EXPECT_EQ(global.decisions[0].budget, 0.5f);
  EXPECT_NEAR(perHead.decisions[size_t(place.second)].threshold, expected(curve), 1e-5);
  EXPECT_EQ(perHead.launches[0].lnLambda.data_ptr<float>()[place.second],
            perHead.decisions[size_t(place.second)].threshold);
  call.layer = 99;  // no curve of its own
  EXPECT_EQ(makeMethod(text + ",curve=head")->plan(call).decisions[0].threshold,
            global.decisions[0].threshold);
  EXPECT_EQ(makeMethod("blasst:target=0.999,calibration=" + file)->plan(call).decisions[0].choice,
            "skip_extrapolated");
}

TEST_F(SkipCalibrationOfAModel, LeavesDenseStepsOut) {
  m_options.denseSteps = 2;
  EXPECT_EQ(calibrate().points.size(), 2 * kTrialLambdas.size());
  m_options.denseSteps = 3;
  EXPECT_THROW(calibrate(), db::Error);
}

TEST_F(SkipCalibrationOfAModel, StopsWhenAsked) {
  ProgressLine progress(false);
  EXPECT_TRUE(calibrateSkips(m_options, progress, [] { return true; }).interrupted);
}

TEST_F(SkipCalibrationOfAModel, RefusesOtherFiles) {
  const auto refusal = [](const std::string& text) -> std::string {
    try {
      (void)makeMethod(text);
    } catch (const db::Error& error) {
      EXPECT_EQ(error.exitCode(), 3);
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(refusal("blasst:calibration=/nowhere.json"), HasSubstr("/nowhere.json"));
  const std::string file = (m_folder.path() / "other.json").string();
  std::ofstream(file) << R"({"schema": "something/1"})";
  EXPECT_THAT(refusal("blasst:calibration=" + file), HasSubstr("no calibration of in-loop skips"));
  std::ofstream(file) << R"({"schema": "ditscope.skip_calibration/1", "global": 3})";
  EXPECT_THAT(refusal("blasst:calibration=" + file), HasSubstr("no calibration of in-loop skips"));
  EXPECT_THAT(refusal("blasst:scale_factor=3,calibration=" + file), HasSubstr("exclude each other"));
}

}  // namespace
}  // namespace ditscope::collector::test
