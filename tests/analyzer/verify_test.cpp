// SPDX-License-Identifier: Apache-2.0
// What was predicted against what was measured: figures that can be worked out by hand, promises kept and
// missed, and recordings that must not be compared.
#include "analyzer/verify/verification.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "db/config_file.h"
#include "db/error.h"
#include "tests/analyzer/verify_traces.h"
#include "tests/support/temp_dir.h"

namespace ditscope::analyzer {
namespace {

using testing::HasSubstr;
using tests::RunChanges;

TEST(Calibration, OfKnownPairs) {
  const std::vector<Pair> pairs{{0.5, 0.6, 0.4, 0.55},
                                {0.7, 0.7, 0.6, 0.8},
                                {0.9, 0.8, 0.7, kNaN},  // half an interval is none
                                {kNaN, 0.1, kNaN, kNaN},
                                {0.2, kNaN, kNaN, kNaN}};
  const Calibration c = calibrate(pairs);
  EXPECT_EQ(c.pairs, 3);
  EXPECT_NEAR(c.meanPredicted, 0.7, 1e-12);
  EXPECT_NEAR(c.bias, 0, 1e-12);
  EXPECT_NEAR(c.meanError, 0.2 / 3, 1e-12);
  EXPECT_NEAR(c.p90Error, 0.1, 1e-12);
  EXPECT_NEAR(c.rankCorrelation, 1, 1e-12);
  EXPECT_EQ(c.withInterval, 2);
  EXPECT_EQ(c.inside, 0.5);
  EXPECT_EQ(calibrate({}).pairs, 0);
  EXPECT_TRUE(std::isnan(calibrate({}).bias));
}

TEST(Calibration, RankCorrelationSeesOrderAndTies) {
  const std::vector<double> a{1, 2, 3, 4}, squares{1, 4, 9, 16}, back{8, 7, 6, 5}, constant{1, 1, 1, 1};
  EXPECT_DOUBLE_EQ(rankCorrelation(a, squares), 1);
  EXPECT_DOUBLE_EQ(rankCorrelation(a, back), -1);
  EXPECT_TRUE(std::isnan(rankCorrelation(a, constant)));
  // Ranks 0, 1.5, 1.5, 3 against 0, 1, 2, 3: 4.5 / sqrt(4.5 * 5).
  EXPECT_NEAR(rankCorrelation(std::vector<double>{1, 5, 5, 9}, a), 4.5 / std::sqrt(4.5 * 5), 1e-12);
}

class Verify : public testing::Test {
 protected:
  Verification verified(const std::string& promise = "", const RunChanges& run = {},
                        const RunChanges& dense = {}) const {
    tests::writeVerifyConfig(m_files.config, promise);
    tests::writeDenseTrace(m_files.dense, dense);
    tests::writeSparseTrace(m_files.run, run);
    const auto read = [](const std::filesystem::path& path) {
      return Recording{path.filename().string(), readFacts(db::TraceReader(path))};
    };
    return verify("config.json", db::readConfig(m_files.config), read(m_files.dense), read(m_files.run));
  }
  std::string refusal(const std::string& promise, const RunChanges& run, const RunChanges& dense = {}) const {
    try {
      (void)verified(promise, run, dense);
    } catch (const db::Error& error) {
      EXPECT_EQ(error.exitCode(), 3);
      return error.what();
    }
    return "";
  }
  tests::TempDir m_folder;
  tests::VerifyFiles m_files{m_folder.path()};
};

TEST_F(Verify, HeadsAreMeansOverTheirSparseSteps) {
  const Verification v = verified();
  ASSERT_EQ(v.heads.size(), 8U);
  EXPECT_EQ(v.sparseHeads(), 6);
  for (const HeadCheck& head : v.heads) {
    const auto [layer, index, branch] = head.key;
    if (layer == 0 && index == 0) {
      EXPECT_EQ(head.method, "dense");
      EXPECT_EQ(head[Measure::Recall].predicted, 1);
      continue;
    }
    double recall = 0;  // of steps 1 to 3; step 0 is dense in the schedule
    for (int32_t step = 1; step < 4; ++step) recall += tests::recallOf(layer, index, step) / 3;
    EXPECT_NEAR(head[Measure::Recall].measured, recall, 1e-6);
    EXPECT_NEAR(head[Measure::Recall].predicted, tests::kExpectedRecall, 1e-12);
    EXPECT_NEAR(head[Measure::Density].difference(), 0, 1e-6);
    EXPECT_NEAR(head[Measure::Error].difference(), 0.03125 * layer, 1e-6);
    EXPECT_NEAR(head[Measure::Time].difference(), 20'000 * layer + 40'000 * index, 1e-6);
    EXPECT_EQ(head.denseNs, double(tests::kDenseNs));
  }
}

TEST_F(Verify, CalibrationIsOfTheSparseHeads) {
  const Verification v = verified();
  const Calibration& recall = v.calibration[size_t(Measure::Recall)];
  EXPECT_EQ(recall.pairs, 6);
  EXPECT_NEAR(recall.bias, -1.0 / 384, 1e-9);  // of 1, 2 and -4 hundred-twenty-eighths
  EXPECT_NEAR(recall.meanError, 7.0 / 384, 1e-9);
  EXPECT_EQ(recall.withInterval, 0);
  const Calibration& time = v.calibration[size_t(Measure::Time)];
  EXPECT_NEAR(time.bias, (40'000 + 20'000 + 60'000) / 3.0, 1e-6);
  EXPECT_EQ(time.withInterval, 6);
  EXPECT_NEAR(time.inside, 1.0 / 3, 1e-12);  // 420 us of 380 to 430; not 440 and 460
}

TEST_F(Verify, TheWholeRunIsKernelsAndSearch) {
  const Verification v = verified();
  EXPECT_EQ(v.dense.total(), 4 * 4 * 2 * tests::kDenseNs);
  EXPECT_EQ(v.run.searchNs, 16 * 50'000);
  // 8 dense cells of step 0, 6 of head (0, 0), and 6 each of 440, 420 and 460 us.
  const int64_t kernels = 14 * tests::kDenseNs + 6 * (440'000 + 420'000 + 460'000);
  EXPECT_EQ(v.run.kernelNs, kernels);
  EXPECT_NEAR(v.speedup, 32e6 / double(kernels + 800'000), 1e-9);
  EXPECT_NEAR(v.predictedSpeedup, 32e6 / double(14 * tests::kDenseNs + 18 * tests::kExpectedNs), 1e-9);
  const auto read = [](const std::filesystem::path& path) {
    return Recording{"x", readFacts(db::TraceReader(path))};
  };
  const Verification timed = verify("config.json", db::readConfig(m_files.config), read(m_files.dense),
                                    read(m_files.run), {1.5, 1.25, 3});
  EXPECT_EQ(timed.speedup, 1.5);
  EXPECT_EQ(timed.rounds.count, 3);
  EXPECT_EQ(timed.rounds.max, 3);
  const Verification told = verified(R"({"target":"speedup","value":1,"predicted":{"speedup":1.75}})");
  EXPECT_EQ(told.promise->predicted, 1.75) << "the tuner's own figure";
  EXPECT_NEAR(v.flopsShare, (14 + 18 * 0.25) / 32, 1e-9);
  EXPECT_TRUE(v.notes.empty());
}

TEST_F(Verify, PromisesAreKeptOrMissed) {
  const auto kept = [&](const std::string& promise) {
    const Verification v = verified(promise);
    EXPECT_TRUE(v.promise.has_value());
    return v.promise->kept;
  };
  EXPECT_FALSE(verified().promise.has_value());
  EXPECT_TRUE(kept(R"({"target":"recall","value":0.951})"));  // 15/16 - 1/384 in 18 of 24 cells, else 1
  EXPECT_FALSE(kept(R"({"target":"recall","value":0.952})"));
  EXPECT_TRUE(kept(R"({"target":"error","value":0.0626})"));
  EXPECT_FALSE(kept(R"({"target":"error","value":0.0624})"));
  EXPECT_TRUE(kept(R"({"target":"speedup","value":1.4})"));
  EXPECT_FALSE(kept(R"({"target":"speedup","value":1.6})"));
  const Verification v = verified(R"({"target":"recall","value":0.951})");
  EXPECT_NEAR(v.promise->predicted, 0.75 * 0.9375 + 0.25, 1e-9);
  EXPECT_NEAR(v.promise->measured, 0.75 * (0.9375 - 1.0 / 384) + 0.25, 1e-9);
  EXPECT_THAT(refusal(R"({"target":"beauty","value":1})", {}),
              HasSubstr("/x-ditscope-tune : has an unknown target"));
  EXPECT_THAT(refusal(R"({"target":"recall","value":"much"})", {}), HasSubstr("no number"));
  EXPECT_THAT(refusal("[]", {}), HasSubstr("no target and value"));
}

TEST_F(Verify, NamesWhatDiffersBetweenTheRecordings) {
  const auto changed = [](std::function<void(db::Run&)> change) {
    RunChanges changes;
    changes.run = std::move(change);
    return changes;
  };
  EXPECT_THAT(refusal("", changed([](db::Run& run) { run.seed = 8; })),
              HasSubstr("run.db : its seed is 8, that of dense.db is 7 : record both alike"));
  EXPECT_THAT(refusal("", changed([](db::Run& run) { run.label = 4; })), HasSubstr("its label is 4"));
  EXPECT_THAT(refusal("", changed([](db::Run& run) { run.guidance = 1; })), HasSubstr("its guidance is 1"));
  EXPECT_THAT(refusal("", changed([](db::Run& run) { run.modelPath = "other"; })),
              HasSubstr("its model path is other, that of dense.db is demo-video"));
  EXPECT_THAT(refusal("", changed([](db::Run& run) { run.model = "DiT"; })),
              HasSubstr("run.db : its model is DiT, that of config.json is WanTransformer3DModel"));
  EXPECT_THAT(refusal("", changed([](db::Run& run) { run.nSteps = 20; })),
              HasSubstr("its number of steps is 20, that of config.json is 4"));
  EXPECT_THAT(
      refusal("", changed([](db::Run& run) { run.method = "topk:density=0.1"; })),
      HasSubstr("its method is topk:density=0.1, not a configuration : record it with --config config.json"));
  EXPECT_THAT(refusal("", {}, changed([](db::Run& run) { run.blockQ = 128; })),
              HasSubstr("dense.db : its width of query blocks is 128"));
}

TEST_F(Verify, RefusesRunsThatSayTooLittle) {
  RunChanges changes;
  changes.steps = 2;
  EXPECT_THAT(refusal("", changes), HasSubstr("run.db : it has 2 of 4 steps and 8 of 16 attention calls"));
  changes = {};
  changes.recalls = false;
  EXPECT_THAT(refusal("", changes), HasSubstr("no recalls of sparse heads : record it with --record mass"));
  changes = {};
  changes.method = "window";
  EXPECT_THAT(refusal("", changes),
              HasSubstr("step 1 layer 0 head 1 cond was planned by window, but by topk in config.json"));
  (void)verified();
  const Recording sparse{"run.db", readFacts(db::TraceReader(m_files.run))};
  try {
    (void)verify("config.json", db::readConfig(m_files.config), sparse, sparse);
    FAIL();
  } catch (const db::Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("it is not dense: its method is config:config.json"));
  }
}

TEST_F(Verify, ARenamedConfigurationIsNoted) {
  RunChanges changes;
  changes.run = [](db::Run& run) { run.method = "config:older.json"; };
  EXPECT_THAT(verified("", changes).notes,
              testing::ElementsAre("run.db was recorded with a configuration called older.json"));
}

}  // namespace
}  // namespace ditscope::analyzer
