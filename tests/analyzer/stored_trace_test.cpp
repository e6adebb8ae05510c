// SPDX-License-Identifier: Apache-2.0
// The stored recording of the demo model: every number that the window and the tables take from it is there.
#include <gtest/gtest.h>

#include <cmath>

#include "db/trace_reader.h"

namespace ditscope {
namespace {

class StoredTrace : public testing::Test {
 protected:
  const db::TraceReader m_trace{DITSCOPE_SOURCE_DIR "/tests/data/demo.db"};
};

TEST_F(StoredTrace, HoldsAWholeRun) {
  const db::Run run = m_trace.run();
  EXPECT_TRUE(run.finalised);
  EXPECT_EQ(run.model, "WanTransformer3DModel");
  EXPECT_EQ(run.modelPath, "demo-video");  // no path of the machine that recorded it
  EXPECT_EQ(m_trace.steps().size(), 20u);
  EXPECT_EQ(run.seqLen, 2048);
  EXPECT_GT(run.overheadRatio, 0);
  EXPECT_EQ(int64_t(m_trace.heads().size()), int64_t{20} * run.nLayers * run.nHeads * 2);
  for (const db::HealthCounter& counter : m_trace.health()) EXPECT_EQ(counter.value, 0) << counter.name;
}

TEST_F(StoredTrace, RecallIsTheMassOfTheKeptBlocks) {
  for (const db::AttnCall& call : m_trace.calls()) {
    if (call.plan != "sparse" || call.step % 5 != 0) continue;
    for (const db::HeadRow& row : m_trace.heads({.step = call.step, .layer = call.layer})) {
      if (row.callId != call.id) continue;
      const auto mask = m_trace.mask(call.id, row.head);
      const auto mass = m_trace.mass(call.id, row.head);
      ASSERT_TRUE(mask && mass);
      double kept = 0;
      for (int q = 0; q < mask->rows(); ++q) {
        for (int k = 0; k < mask->cols(); ++k) {
          if (mask->at(q, k) != db::BlockState::Skipped) kept += double(mass->at(q, k));
        }
      }
      EXPECT_NEAR(kept / mask->rows(), double(row.stats.recallMean), 2e-3);  // masses are stored in 16 bits
      EXPECT_NEAR(mask->density(), double(row.stats.densityQk), 1e-6);
    }
  }
}

}  // namespace
}  // namespace ditscope
