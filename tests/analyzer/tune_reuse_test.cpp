// SPDX-License-Identifier: Apache-2.0
// For how many steps masks and LSE stay good: numbers worked out by hand, and what `ditscope drift --reuse`
// shows.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "analyzer/report_drift.h"
#include "analyzer/tune/recording.h"
#include "analyzer/tune/reuse.h"
#include "tests/support/make_trace.h"
#include "tests/support/temp_dir.h"

namespace ditscope::analyzer {
namespace {

using Lse = std::vector<std::vector<float>>;  // [step][query blocks]

TEST(TuneReuse, AnLseIsGoodWhileMassesByItAreOffByLessThanTheLoss) {
  // Masses by the LSE of step 0 are off by exp(d) - 1: 0.051, 0.105, 0.221.
  const Lse rising = {{3}, {3.05f}, {3.1f}, {3.2f}, {3}};
  EXPECT_EQ(reusableLse(rising, 64, 64, 0, 0.99), 0);
  EXPECT_EQ(reusableLse(rising, 64, 64, 0, 0.94), 1);
  EXPECT_EQ(reusableLse(rising, 64, 64, 0, 0.89), 2);
  EXPECT_EQ(reusableLse(rising, 64, 64, 0, 0.7), 4);
  EXPECT_EQ(reusableLse(rising, 64, 64, 2, 0.9), 0) << "the last step would do, but the one before does not";
  EXPECT_EQ(reusableLse(rising, 64, 64, 2, 0.89), 2);
  EXPECT_EQ(reusableLse(rising, 64, 64, 4, 0.5), 0) << "nothing follows";
  // Falls count as rises do: exp(-0.2) - 1 is -0.181.
  EXPECT_EQ(reusableLse(Lse{{3}, {2.8f}}, 64, 64, 0, 0.82), 0);
  EXPECT_EQ(reusableLse(Lse{{3}, {2.8f}}, 64, 64, 0, 0.81), 1);
}

TEST(TuneReuse, BlocksCountByTheirRows) {
  // 64 rows that stay and 32 that are off by 0.221: 0.074 on average.
  const Lse two = {{3, 3}, {3, 3.2f}};
  EXPECT_EQ(reusableLse(two, 96, 64, 0, 0.93), 0);
  EXPECT_EQ(reusableLse(two, 96, 64, 0, 0.92), 1);
  constexpr float kEmpty = -std::numeric_limits<float>::infinity();
  EXPECT_EQ(reusableLse(Lse{{3, kEmpty}, {3, 5}}, 96, 64, 0, 0.99), 1)
      << "rows without attention do not count";
  EXPECT_EQ(reusableLse(Lse{{3, 3}, {}}, 96, 64, 0, 0.1), 0) << "not recorded";
  EXPECT_EQ(reusableLse(Lse{{kEmpty}, {kEmpty}}, 64, 64, 0, 0.1), 0) << "nothing to compare";
}

TEST(TuneReuse, TheTypicalOneIsTheMedianOverTheFirstHalf) {
  // Of 8 steps, steps 0 to 3 are taken as sources: 0 1 2 3 with 5, 4, 1, 0 further steps.
  const auto steps = [](int32_t source) {
    return std::vector<int32_t>{5, 4, 1, 0, 7, 7, 7, 7}[size_t(source)];
  };
  EXPECT_EQ(typicalOver(8, 1, steps), 1) << "the lower of the two in the middle";
  EXPECT_EQ(typicalOver(8, 3, steps), 0) << "from the last dense step on: 1 and 0";
  EXPECT_EQ(typicalOver(0, 1, steps), 0);
}

TEST(TuneReuse, DriftShowsBoth) {
  const tests::TempDir folder;
  const std::string file = folder / "dense.db";
  tests::makeSyntheticTrace(file, {.steps = 8, .layers = 2, .heads = 2, .density = 1, .denseSteps = 8});
  DriftTable drift = driftFromPrevious(makeHeadTable(db::TraceReader(file).heads()));
  addReuse(file, 0.9, drift);
  const DenseRecording recording(file);
  for (const HeadDrift& head : drift.heads) {
    const HeadKey key{head.layer, head.head, head.branch};
    const Lse lse = recording.lseBlocks(key);
    ASSERT_EQ(lse.size(), 8U);
    EXPECT_EQ(head.reusableLseSteps, typicalOver(8, 1, [&](int32_t source) {
                return reusableLse(lse, recording.run().seqLen, recording.run().blockQ, source, 0.9);
              }));
    EXPECT_GE(head.reusableSteps, 0);
    EXPECT_LE(head.reusableSteps, 7);
  }
  EXPECT_NE(driftText(drift, {}, {}).find("steps that an LSE stays good for"), std::string::npos);
  EXPECT_NE(driftJson(file, drift).find("\"reusable_lse_steps\""), std::string::npos);
  EXPECT_NE(driftCsv(drift).find("mask_drift,reusable_steps,reusable_lse_steps\n"), std::string::npos);
}

}  // namespace
}  // namespace ditscope::analyzer
