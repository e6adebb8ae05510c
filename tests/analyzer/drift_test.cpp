// SPDX-License-Identifier: Apache-2.0
#include "analyzer/drift.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "db/error.h"
#include "db/trace_writer.h"
#include "tests/analyzer/golden_trace.h"
#include "tests/analyzer/run_program.h"

namespace ditscope::analyzer {
namespace {

using testing::DoubleEq;
using testing::ElementsAre;
using testing::NanSensitiveDoubleEq;

constexpr float kInfinity = std::numeric_limits<float>::infinity();

TEST(LseChange, WeighsTheShortLastBlockByItsRows) {
  // Blocks of 64, 64 and 2 rows.
  const std::vector<float> now{2, 1, 10};
  const std::vector<float> reference{1, 3, 0};
  const LseChange change = lseChange(now, reference, 130, 64);
  EXPECT_DOUBLE_EQ(change.absolute, (64 * 1.0 + 64 * 2.0 + 2 * 10.0) / 130);
  EXPECT_DOUBLE_EQ(change.signedMean, (64 * 1.0 - 64 * 2.0 + 2 * 10.0) / 130);
  EXPECT_EQ(change.blocksLeftOut, 0);
}

TEST(LseChange, LeavesOutAndCountsBlocksWithoutAttention) {
  const std::vector<float> now{1, -kInfinity, 4};
  const std::vector<float> reference{-kInfinity, -kInfinity, 1};
  const LseChange change = lseChange(now, reference, 96, 32);
  EXPECT_DOUBLE_EQ(change.absolute, 3);
  EXPECT_EQ(change.blocksLeftOut, 2);
}

TEST(LseChange, OfNothingComparableIsNotMeasured) {
  EXPECT_TRUE(std::isnan(lseChange({}, {}, 0, 64).absolute));
  EXPECT_TRUE(std::isnan(lseChange(std::vector<float>{1}, std::vector<float>{1, 2}, 64, 64).absolute));
  EXPECT_TRUE(std::isnan(lseChange(std::vector<float>{1}, std::vector<float>{2}, 64, 0).absolute));
  EXPECT_TRUE(std::isnan(lseChange(std::vector<float>{-kInfinity}, std::vector<float>{2}, 64, 64).absolute));
}

db::HeadRow row(int32_t step, int32_t head, float lse, float mask) {
  db::HeadRow r;
  r.step = step;
  r.head = head;
  r.stats.lseDriftMean = lse;
  r.stats.lseDriftSigned = -lse;
  r.stats.maskDrift = mask;
  return r;
}

TEST(DriftDifference, IsOfTheStepsAndHeadsThatBothHave) {
  DriftTable a{
      .referenceStep = {},
      .steps = {0, 1, 2},
      .heads = {{.head = 0, .lse = {kNaN, 1, 2}, .lseSigned = {kNaN, 1, 2}, .mask = {kNaN, 0.5, 0.25}},
                {.head = 1, .lse = {0, 0, 0}, .lseSigned = {0, 0, 0}, .mask = {0, 0, 0}}}};
  DriftTable b{.referenceStep = {},
               .steps = {2, 1},
               .heads = {{.head = 0, .lse = {5, 3}, .lseSigned = {-5, 3}, .mask = {0.75, kNaN}},
                         {.head = 7, .lse = {0, 0}, .lseSigned = {0, 0}, .mask = {0, 0}}}};
  const DriftTable change = driftDifference(a, b);
  EXPECT_THAT(change.steps, ElementsAre(1, 2));
  ASSERT_EQ(change.heads.size(), 1U);
  EXPECT_THAT(change.heads[0].lse, ElementsAre(2, 3));
  EXPECT_THAT(change.heads[0].lseSigned, ElementsAre(2, -7));
  EXPECT_THAT(change.heads[0].mask, ElementsAre(NanSensitiveDoubleEq(kNaN), 0.5));
}

TEST(DriftFromPrevious, LinesTheHeadsUpByStep) {
  const std::vector<db::HeadRow> rows{row(0, 0, db::kNotMeasured, db::kNotMeasured), row(2, 0, 0.5F, 0.25F),
                                      row(2, 1, 1.0F, 0.0F), row(5, 1, 2.0F, 1.0F)};
  const DriftTable drift = driftFromPrevious(makeHeadTable(rows));
  EXPECT_FALSE(drift.referenceStep);
  EXPECT_THAT(drift.steps, ElementsAre(0, 2, 5));
  ASSERT_EQ(drift.heads.size(), 2U);
  EXPECT_THAT(drift.heads[0].lse,
              ElementsAre(NanSensitiveDoubleEq(kNaN), DoubleEq(0.5), NanSensitiveDoubleEq(kNaN)));
  EXPECT_THAT(drift.heads[0].mask,
              ElementsAre(NanSensitiveDoubleEq(kNaN), DoubleEq(0.25), NanSensitiveDoubleEq(kNaN)));
  EXPECT_THAT(drift.heads[1].lse, ElementsAre(NanSensitiveDoubleEq(kNaN), DoubleEq(1), DoubleEq(2)));
  EXPECT_THAT(drift.heads[1].lseSigned, ElementsAre(NanSensitiveDoubleEq(kNaN), DoubleEq(-1), DoubleEq(-2)));
}

class DriftFromReference : public testing::Test {
 protected:
  void SetUp() override { tests::writeGoldenTrace(m_path); }
  tests::SpacedFolder m_folder;
  std::filesystem::path m_path = m_folder.path() / "run.db";
};

// The trace moves even blocks by +1/8 (layer + 1) a step and odd blocks by half of that downwards; of its
// 500 rows 256 lie in even blocks.
TEST_F(DriftFromReference, FollowsTheStoredBlockMeans) {
  const DriftTable drift = driftFromReference(db::TraceReader(m_path), 2);
  EXPECT_THAT(drift.steps, ElementsAre(0, 1, 2, 3, 4, 5));
  ASSERT_EQ(drift.heads.size(), 12U);
  for (const HeadDrift& head : drift.heads) {
    for (size_t step = 0; step < 6; ++step) {
      if (head.layer == 2 && step == 5) {  // not recorded
        EXPECT_TRUE(std::isnan(head.lse[step]));
        EXPECT_TRUE(std::isnan(head.mask[step]));
        continue;
      }
      const double moved = 0.125 * (head.layer + 1) * (static_cast<double>(step) - 2);
      // LSE blobs are stored with a tolerance.
      EXPECT_NEAR(head.lse[step], std::abs(moved) * (256 + 0.5 * 244) / 500, 2e-2);
      EXPECT_NEAR(head.lseSigned[step], moved * (256 - 0.5 * 244) / 500, 2e-2);
    }
    EXPECT_EQ(head.lse[2], 0);
    EXPECT_EQ(head.mask[2], 0);
    EXPECT_EQ(head.blocksLeftOut, 0);
  }
}

TEST_F(DriftFromReference, ComparesMasksByTheirKeptSets) {
  const DriftTable drift = driftFromReference(db::TraceReader(m_path), 2);
  const HeadDrift& head =
      drift.heads.front();  // layer 0, head 0: one kept block a row, it walks at even steps
  EXPECT_DOUBLE_EQ(head.mask[0], 1 - 8.0 / 64);  // against a full mask
  EXPECT_DOUBLE_EQ(head.mask[3], 0);
  EXPECT_DOUBLE_EQ(head.mask[4], 1);
}

TEST_F(DriftFromReference, ReportsProgressAndCanBeCancelled) {
  int64_t last = -1;
  const auto watch = [&](int64_t done, int64_t total) {
    EXPECT_EQ(done, last + 1);
    EXPECT_EQ(total, 34);
    last = done;
    return done < 20;
  };
  EXPECT_THROW((void)driftFromReference(db::TraceReader(m_path), 2, watch), db::Cancelled);
  EXPECT_EQ(last, 20);
}

TEST_F(DriftFromReference, RefusesAStepThatWasNotRecorded) {
  try {
    (void)driftFromReference(db::TraceReader(m_path), 6);
    FAIL();
  } catch (const db::Error& error) {
    EXPECT_EQ(error.kind(), db::Error::Kind::BadInput);
    EXPECT_STREQ(error.what(), "reference step 6 : recorded are 6 steps from 0 to 5 : name a recorded step");
  }
}

TEST(DriftFromReferenceWithoutBlobs, SaysThatNothingIsStored) {
  const tests::SpacedFolder folder;
  const auto path = folder.path() / "run.db";
  {
    db::TraceWriter writer(path, tests::goldenRun());
    writer.addLayer({.index = 0, .name = "blocks.0", .nHeads = 1, .headDim = 64});
    writer.push(db::Step{});
    db::AttnRecord record;
    record.call.id = 1;
    record.heads.resize(1);
    writer.push(std::move(record));
    writer.finalise(tests::goldenRun());
  }
  EXPECT_THROW((void)driftFromReference(db::TraceReader(path), 0), db::Error);
}

}  // namespace
}  // namespace ditscope::analyzer
