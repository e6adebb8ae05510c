// SPDX-License-Identifier: Apache-2.0
// Comparisons of methods on a tiny model, from end to end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "collector/compare/comparison.h"
#include "db/error.h"
#include "db/trace_reader.h"
#include "run_models.h"
#include "temporary_folder.h"

namespace ditscope::collector::compare {
namespace {

namespace fs = std::filesystem;

class CompareRun : public testing::Test {
 protected:
  void SetUp() override {
    writeTinyWan(m_folder.path() / "model");
    m_options.sampling = tinyRun(m_folder.path() / "model", m_folder.path());
    m_options.sampling.record.level = db::RecordLevel::Mass;
    m_options.variants = {"topk:source=exact", "topp"};
    m_options.densities = {0.5, 0.3};
    m_options.samples = {{0, 0}, {1, 2}};
    m_options.denseSteps = 1;
    m_options.tolerance = 0.1;
    m_options.out = m_folder.path();
  }

  // Runs until `generationsLeft` calls of the stop function are used up.
  bool compare(Results& results, std::function<bool()> stop = {}) {
    const Session session(m_options.sampling, std::move(stop));
    ProgressLine progress(false);
    return Comparison(m_options, session, results, progress).run();
  }
  [[nodiscard]] Results stored() const {
    return readResults(m_folder.path() / "results.json", setupOf(m_options));
  }

  TemporaryFolder m_folder;
  ComparisonOptions m_options;
};

TEST_F(CompareRun, EveryCellHasARunOfEverySample) {
  Results results{.setup = setupOf(m_options)};
  ASSERT_TRUE(compare(results));
  ASSERT_EQ(results.cells.size(), 4U);
  EXPECT_EQ(results.dense.runs.size(), 2U);
  for (const Cell& cell : results.cells) {
    ASSERT_EQ(cell.refused, "") << cell.variant;
    ASSERT_EQ(cell.runs.size(), 2U) << cell.variant;
    const RunMetrics& run = cell.runs.front();
    if (cell.reach == Reach::Reached) {
      EXPECT_NEAR(run.densityPv / cell.target, 1, 0.1) << cell.variant;
    }
    EXPECT_NEAR(run.sparseCalls, 2.0 / 3, 1e-9) << "two of three steps";
    EXPECT_NEAR(run.runDensityPv, (1 + 2 * run.densityPv) / 3, 1e-6);
    EXPECT_GT(run.recall, run.densityPv) << "the heaviest blocks hold more than their share";
    EXPECT_LE(run.recallP05, run.recall);
    EXPECT_GT(run.error, 0);
    EXPECT_GT(run.psnr, 0);
    EXPECT_LT(run.psnr, 100);
    EXPECT_TRUE(std::isnan(run.labelAsDense)) << "no classifier";
  }
  const Cell& sparser = results.cell("topk:source=exact", 0.3);
  EXPECT_LT(sparser.runs[0].recall, results.cell("topk:source=exact", 0.5).runs[0].recall);
  EXPECT_FALSE(fs::exists(m_folder.path() / "scratch.db"));
  EXPECT_EQ(toJson(stored()), toJson(results));
}

TEST_F(CompareRun, FinishedCellsAreNotRunAgain) {
  m_options.samples = {{0, 0}};
  Results results{.setup = setupOf(m_options)};
  ASSERT_TRUE(compare(results));
  const nlohmann::json before = toJson(results);
  ASSERT_TRUE(compare(results));
  EXPECT_EQ(toJson(results), before) << "the very times are the same";
  m_options.samples = {{0, 0}, {1, 1}};
  ASSERT_TRUE(compare(results));
  EXPECT_EQ(results.cells.front().runs.size(), 2U);
  EXPECT_EQ(results.cells.front().runs.front().totalSeconds,
            before["cells"][0]["runs"][0]["total_s"].get<double>());
}

TEST_F(CompareRun, AnInterruptedComparisonKeepsWhatIsDone) {
  Results results{.setup = setupOf(m_options)};
  // True as soon as one cell is stored.
  const auto stop = [this] {
    return fs::exists(m_folder.path() / "results.json") && !stored().cells.front().runs.empty();
  };
  EXPECT_FALSE(compare(results, stop));
  EXPECT_EQ(stored().cells.front().runs.size(), 1U);
  Results resumed = stored();
  EXPECT_TRUE(compare(resumed));
  for (const Cell& cell : resumed.cells) EXPECT_EQ(cell.runs.size(), 2U);
}

TEST_F(CompareRun, AMethodThatDoesNotFitIsNamedAndTheOthersRun) {
  m_options.variants = {"ditfastattn:plan=/nowhere.json", "topk"};
  m_options.samples = {{0, 0}};
  Results results{.setup = setupOf(m_options)};
  ASSERT_TRUE(compare(results));
  EXPECT_THAT(results.cell("ditfastattn:plan=/nowhere.json", 0.5).refused, testing::HasSubstr("nowhere"));
  EXPECT_EQ(results.cell("topk", 0.5).runs.size(), 1U);
}

TEST_F(CompareRun, AVariantWithAFixedKnobRunsOnce) {
  m_options.variants = {"topk:density=0.4"};
  m_options.samples = {{0, 0}};
  Results results{.setup = setupOf(m_options)};
  ASSERT_TRUE(compare(results));
  ASSERT_EQ(results.cells.size(), 1U);
  EXPECT_EQ(results.cells.front().target, kAsGiven);
  EXPECT_EQ(results.cells.front().method, "topk:density=0.4,dense_steps=1,dense_layers=0");
  EXPECT_NEAR(results.cells.front().runs.at(0).densityPv, 0.4, 1e-6);  // 4 of 10 blocks
}

TEST_F(CompareRun, TracesAreKeptWhenAsked) {
  m_options.keep = m_folder.path();
  m_options.variants = {"topk"};
  m_options.densities = {0.5};
  m_options.samples = {{1, 2}};
  Results results{.setup = setupOf(m_options)};
  ASSERT_TRUE(compare(results));
  const db::TraceReader trace(m_folder.path() / "topk_0.5_seed1_label2.db");
  EXPECT_TRUE(trace.run().finalised);
  EXPECT_EQ(trace.run().label, 2);
  EXPECT_EQ(trace.run().method, results.cells.front().method);
}

TEST_F(CompareRun, DenseStepsFollowTheScheduler) {
  const Session session(m_options.sampling, {});
  EXPECT_EQ(denseStepsUntil(session, 3, 1), 0);
  EXPECT_EQ(denseStepsUntil(session, 3, 0), 3);
  const auto sampler = session.newSampler(20);
  const int steps = denseStepsUntil(session, 20, 0.9);
  ASSERT_GT(steps, 0);
  EXPECT_GT(sampler->timesteps()[size_t(steps) - 1] / 1000, 0.9);
  EXPECT_LE(sampler->timesteps()[size_t(steps)] / 1000, 0.9);
}

}  // namespace
}  // namespace ditscope::collector::compare
