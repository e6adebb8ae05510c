// SPDX-License-Identifier: Apache-2.0
// What ditscope-collect records, read back: counts, identities between the numbers, both guidance branches.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "collector/safetensors.h"
#include "db/trace_reader.h"
#include "run_models.h"
#include "temporary_folder.h"

namespace ditscope::collector {
namespace {

class RunTrace : public testing::Test {
 protected:
  void SetUp() override {
    writeTinyWan(m_folder.path() / "wan");
    m_options = tinyRun(m_folder.path() / "wan", m_folder.path());
  }

  db::TraceReader recorded() {
    record(m_options);
    return db::TraceReader(m_options.out);
  }

  TemporaryFolder m_folder;
  CollectOptions m_options;
};

TEST_F(RunTrace, DenseRunHasEveryStepLayerBranchAndHead) {
  const db::TraceReader trace = recorded();
  const db::Run run = trace.run();
  EXPECT_TRUE(run.finalised);
  EXPECT_EQ(run.model, "WanTransformer3DModel");
  EXPECT_EQ(run.seqLen, 300);
  EXPECT_EQ(run.nSteps, 3);
  EXPECT_GT(run.durationNs, 0);
  ASSERT_EQ(trace.steps().size(), 3u);
  ASSERT_EQ(trace.layers().size(), 4u);  // two with self attention, two with cross attention
  EXPECT_EQ(trace.layers()[1].name, "blocks.1");
  EXPECT_EQ(trace.layers()[3].kind, db::AttnKind::Cross);

  const std::vector<db::AttnCall> calls = trace.calls();
  EXPECT_EQ(calls.size(), 3u * 4u * 2u);  // steps, layers, branches
  EXPECT_EQ(trace.kernelCount(), int64_t(calls.size()));
  EXPECT_EQ(trace.heads().size(), 3u * 2u * 2u * 2u);
  for (const db::AttnCall& call : calls) {
    EXPECT_GT(call.kernelNs, 0);
    EXPECT_EQ(call.plan, "dense");
    const db::Step& step = trace.steps()[size_t(call.step)];
    EXPECT_GE(call.startNs, step.startNs);
    EXPECT_LE(call.startNs + call.kernelNs, step.endNs);
  }
  for (const db::HeadRow& row : trace.heads()) {
    EXPECT_EQ(row.stats.densityQk, 1);
    EXPECT_EQ(row.stats.recallMean, 1);
    EXPECT_EQ(row.stats.timeMethod, db::TimeMethod::Attributed);
    EXPECT_TRUE(std::isfinite(row.stats.lseMean));
    EXPECT_EQ(std::isnan(row.stats.lseDriftMean), row.step == 0);
    EXPECT_TRUE(std::isnan(row.stats.rowEntropy)) << "needs masses, which were not asked for";
    EXPECT_EQ(trace.mask(row.callId, row.head)->density(), 1);
    EXPECT_EQ(trace.lseBlocks(row.callId, row.head)->size(), 10u);
    EXPECT_FALSE(trace.mass(row.callId, row.head).has_value());
  }
}

TEST_F(RunTrace, HeadTimesAddUpToTheirLaunch) {
  m_options.method = "topk:density=0.3";
  const db::TraceReader trace = recorded();
  for (const db::AttnCall& call : trace.calls()) {
    if (call.kind == db::AttnKind::Cross) continue;
    int64_t sum = 0;
    for (const db::HeadRow& row : trace.heads({call.step, call.layer, {}, call.branch}))
      sum += row.stats.timeNs;
    EXPECT_NEAR(double(sum), double(call.kernelNs), 2);
    EXPECT_LE(call.flopsDone, call.flopsDense);
  }
}

TEST_F(RunTrace, WindowHasTheDensityCountedByHand) {
  // 10 blocks of 32 tokens, frames of 60: the block rows reach 4, 6, 6, 8, 7, 9, 7, 7, 5 and 5 key blocks.
  m_options.method = "window:frames=1";
  const db::TraceReader trace = recorded();
  for (const db::HeadRow& row : trace.heads()) {
    EXPECT_FLOAT_EQ(row.stats.densityQk, 0.64f);
    EXPECT_FLOAT_EQ(row.stats.densityPv, 0.64f);
    EXPECT_TRUE(std::isnan(row.stats.recallMean)) << "not measured without masses";
    const db::BlockMask mask = *trace.mask(row.callId, row.head);
    EXPECT_EQ(mask.at(0, 3), db::BlockState::Full);
    EXPECT_EQ(mask.at(0, 4), db::BlockState::Skipped);
    EXPECT_EQ(row.step > 0 ? row.stats.maskDrift : 0, 0);
  }
}

TEST_F(RunTrace, RecallOfTopKIsTheSumOfTheMassesItKeeps) {
  m_options.method = "topk:density=0.3,dense_steps=1";
  m_options.record.level = db::RecordLevel::Mass;
  const db::TraceReader trace = recorded();
  int sparse = 0;
  for (const db::AttnCall& call : trace.calls()) {
    if (call.kind == db::AttnKind::Cross) continue;
    EXPECT_EQ(call.plan, call.step == 0 ? "search" : "sparse");
    for (const db::HeadRow& row : trace.heads({call.step, call.layer, {}, call.branch})) {
      const db::BlockMask mask = *trace.mask(call.id, row.head);
      const db::BlockMass mass = *trace.mass(call.id, row.head);
      double kept = 0;
      for (int g = 0; g < mass.rows; ++g) {
        const double rows = g + 1 < mass.rows ? 32 : 300 - 9 * 32;
        double sum = 0;
        for (int t = 0; t < mass.cols; ++t) {
          sum += mass.at(g, t);
          if (mask.at(g, t) != db::BlockState::Skipped) kept += rows / 300 * mass.at(g, t);
        }
        EXPECT_NEAR(sum, 1, 5e-3);
      }
      EXPECT_NEAR(row.stats.recallMean, kept, 5e-3);
      EXPECT_LE(row.stats.recallP01, row.stats.recallP05);
      EXPECT_GT(row.stats.rowEntropy, 0);
      EXPECT_LE(row.stats.rowEntropy, std::log(10.0) + 1e-3);
      const db::RecallCurve curve = *trace.recallCurve(call.id, row.head);
      EXPECT_NEAR(curve.byRow.back(), 1, 5e-3);
      EXPECT_NEAR(curve.byHead.back(), 1, 5e-3);
      if (call.step == 0) {
        EXPECT_EQ(row.stats.errorL1, 0);
      } else {
        ++sparse;
        EXPECT_FLOAT_EQ(row.stats.densityQk, 0.3f);
        EXPECT_LT(row.stats.recallMean, 1);
        EXPECT_GT(row.stats.errorL1, 0);
      }
    }
  }
  EXPECT_EQ(sparse, 2 * 2 * 2 * 2);  // steps, layers, branches, heads
}

TEST_F(RunTrace, LseDriftNeverComparesADenseWithASparseLse) {
  m_options.method = "topk:density=0.3,dense_steps=1";
  for (const db::HeadRow& row : recorded().heads({1, {}, {}, {}}))
    EXPECT_TRUE(std::isnan(row.stats.lseDriftMean));
  for (const db::HeadRow& row : recorded().heads({2, {}, {}, {}})) EXPECT_GT(row.stats.lseDriftMean, 0);
  m_options.record.level = db::RecordLevel::Mass;  // measures the dense LSE of sparse calls
  for (const db::HeadRow& row : recorded().heads({1, {}, {}, {}})) EXPECT_GT(row.stats.lseDriftMean, 0);
}

TEST_F(RunTrace, MassesKeepToTheLayersAndStepsAskedFor) {
  m_options.record = {db::RecordLevel::Mass, {1}, 2};
  const db::TraceReader trace = recorded();
  for (const db::HeadRow& row : trace.heads()) {
    const bool wanted = row.layer == 1 && row.step % 2 == 0;
    EXPECT_EQ(trace.mass(row.callId, row.head).has_value(), wanted);
    EXPECT_EQ(trace.recallCurve(row.callId, row.head).has_value(), wanted);
    EXPECT_FALSE(trace.lseRows(row.callId, row.head).has_value());
  }
}

TEST_F(RunTrace, RecordingMoreChangesNothingInTheRun) {
  m_options.method = "topk:density=0.3";
  m_options.record.level = db::RecordLevel::Stats;
  const std::vector<db::HeadRow> stats = recorded().heads();
  m_options.record.level = db::RecordLevel::Mass;
  const std::vector<db::HeadRow> mass = recorded().heads();
  ASSERT_EQ(stats.size(), mass.size());
  for (size_t i = 0; i < stats.size(); ++i) {
    EXPECT_EQ(stats[i].stats.lseMean, mass[i].stats.lseMean);
    EXPECT_EQ(stats[i].stats.densityQk, mass[i].stats.densityQk);
  }
}

TEST_F(RunTrace, FullKeepsEveryRowAndTheLatents) {
  m_options.record.level = db::RecordLevel::Full;
  const db::TraceReader trace = recorded();
  for (const db::HeadRow& row : trace.heads()) {
    EXPECT_EQ(trace.lseRows(row.callId, row.head)->size(), 300u);
  }
  const TensorMap latents = readSafetensors(m_folder.path() / "run.latents.safetensors");
  ASSERT_EQ(latents.size(), 3u);
  EXPECT_EQ(latents.at("latents.2").sizes(), (std::vector<int64_t>{1, 1, 5, 12, 20}));
}

TEST_F(RunTrace, ASeedReproducesTheRunBitForBit) {
  m_options.method = "topk:density=0.3";
  m_options.record.level = db::RecordLevel::Mass;
  CollectOptions again = m_options;
  again.out = m_folder.path() / "again.db";
  CollectOptions other = m_options;
  other.out = m_folder.path() / "other.db";
  other.seed = 1;
  record(m_options);
  record(again);
  record(other);
  const db::TraceReader a(m_options.out), b(again.out), c(other.out);
  EXPECT_NE(a.run().uuid, b.run().uuid);
  const std::vector<db::HeadRow> rowsA = a.heads(), rowsB = b.heads(), rowsC = c.heads();
  ASSERT_EQ(rowsA.size(), rowsB.size());
  bool differs = false;
  for (size_t i = 0; i < rowsA.size(); ++i) {
    EXPECT_EQ(rowsA[i].stats.lseMean, rowsB[i].stats.lseMean);
    EXPECT_EQ(rowsA[i].stats.errorL1, rowsB[i].stats.errorL1);
    EXPECT_EQ(rowsA[i].stats.rowEntropy, rowsB[i].stats.rowEntropy);
    EXPECT_EQ(*a.mask(rowsA[i].callId, rowsA[i].head), *b.mask(rowsB[i].callId, rowsB[i].head));
    EXPECT_EQ(a.mass(rowsA[i].callId, rowsA[i].head)->mass, b.mass(rowsB[i].callId, rowsB[i].head)->mass);
    differs |= rowsA[i].stats.lseMean != rowsC[i].stats.lseMean;
  }
  EXPECT_TRUE(differs);
}

TEST_F(RunTrace, WithoutGuidanceThereIsOneBranch) {
  m_options.guidance = 1;
  for (const db::AttnCall& call : recorded().calls()) EXPECT_EQ(call.branch, db::Branch::Cond);
}

TEST_F(RunTrace, DitRecordsBothBranchesOfItsOneForward) {
  writeTinyDit(m_folder.path() / "dit");
  m_options.model = (m_folder.path() / "dit").string();
  m_options.method = "topk:density=0.5";
  m_options.label = 2;
  const db::TraceReader trace = recorded();
  EXPECT_EQ(trace.run().label, 2);
  EXPECT_EQ(trace.run().scheduler, "DDIMScheduler");
  EXPECT_EQ(trace.layers().size(), 2u);  // no cross attention
  EXPECT_EQ(trace.calls().size(), 3u * 2u * 2u);
  const std::vector<db::HeadRow> cond = trace.heads({{}, {}, {}, db::Branch::Cond});
  const std::vector<db::HeadRow> uncond = trace.heads({{}, {}, {}, db::Branch::Uncond});
  ASSERT_EQ(cond.size(), uncond.size());
  ASSERT_EQ(cond.size(), 3u * 2u * 2u);
  bool differ = false;
  for (size_t i = 0; i < cond.size(); ++i) differ |= cond[i].stats.lseMean != uncond[i].stats.lseMean;
  EXPECT_TRUE(differ);
}

TEST_F(RunTrace, OverheadIsMeasuredAndStored) {
  m_options.overheadRounds = 3;
  const db::Run run = recorded().run();
  EXPECT_GT(run.overheadRatio, 0);
  EXPECT_LE(run.overheadLo, run.overheadRatio);
  EXPECT_GE(run.overheadHi, run.overheadRatio);
  EXPECT_FALSE(std::filesystem::exists(m_options.out.string() + ".overhead"));
}

TEST_F(RunTrace, StoppingKeepsAFinalisedTrace) {
  ProgressLine progress(false);
  int asked = 0;  // once before each attention call; 8 of them a step
  const CollectSummary summary = collect(m_options, progress, [&asked] { return ++asked > 12; });
  EXPECT_TRUE(summary.interrupted);
  const db::TraceReader trace(m_options.out);
  EXPECT_TRUE(trace.run().finalised);
  EXPECT_EQ(trace.run().nSteps, 2);
  EXPECT_EQ(trace.steps().size(), 2u);
  EXPECT_EQ(trace.calls().size(), 12u);
  ASSERT_EQ(trace.diagnostics().size(), 1u);
  EXPECT_EQ(trace.diagnostics()[0].text, "interrupted in step 2 of 3");
}

TEST_F(RunTrace, PicturesOfTheSample) {
  m_options.frames = m_folder.path() / "pictures";
  recorded();
  EXPECT_TRUE(std::filesystem::exists(m_options.frames / "frame_004.png"));
  EXPECT_FALSE(std::filesystem::exists(m_options.frames / "frame_005.png"));
  EXPECT_TRUE(std::filesystem::exists(m_options.frames / "contact.png"));
}

}  // namespace
}  // namespace ditscope::collector
