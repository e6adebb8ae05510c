// SPDX-License-Identifier: Apache-2.0
#include "analyzer/trace_summary.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/analyzer/golden_trace.h"
#include "tests/analyzer/run_program.h"

namespace ditscope::analyzer {
namespace {

db::AttnCall call(int64_t id, const std::string& plan, int64_t queries, int64_t keys) {
  db::AttnCall c;
  c.id = id;
  c.plan = plan;
  c.qLen = queries;
  c.kvLen = keys;
  c.blockQ = c.blockK = 64;
  return c;
}

db::HeadRow head(int64_t callId, int32_t index, float density, float recall, float p05 = db::kNotMeasured) {
  db::HeadRow row;
  row.callId = callId;
  row.step = static_cast<int32_t>(callId);
  row.head = index;
  row.stats.densityQk = row.stats.densityPv = density;
  row.stats.recallMean = recall;
  row.stats.recallP05 = p05;
  return row;
}

TEST(TraceSummary, WeighsDensityByTheBlocksOfEachCall) {
  TraceFacts facts;
  facts.calls = {call(1, "dense", 128, 128), call(2, "sparse", 256, 256),
                 call(3, "sparse", 65, 1)};  // 4, 16, 2 blocks
  facts.heads = {head(1, 0, 1, 1), head(2, 0, 0.25F, 0.9F), head(3, 0, 0.5F, 0.8F), head(99, 0, 1, 0)};
  const TraceSummary summary = summarise(facts);
  EXPECT_DOUBLE_EQ(summary.densityAll.qk, (4 + 4 + 1) / 22.0);
  EXPECT_DOUBLE_EQ(summary.densitySparse.qk, (4 + 1) / 18.0);
  EXPECT_EQ(summary.sparseCalls, 2);
  EXPECT_EQ(summary.recallSparse.count, 2);  // neither the dense call nor the head without a call
}

TEST(TraceSummary, CountsSearchCallsAsDense) {
  EXPECT_FALSE(isSparse(call(1, "dense", 1, 1)));
  EXPECT_FALSE(isSparse(call(1, "search", 1, 1)));
  EXPECT_TRUE(isSparse(call(1, "sparse", 1, 1)));
  EXPECT_TRUE(isSparse(call(1, "reuse", 1, 1)));
}

TEST(TraceSummary, NamesTheHeadsOfLowestRecallAndTheirWorstStep) {
  TraceFacts facts;
  for (const int64_t id : {1, 2}) facts.calls.push_back(call(id, "sparse", 64, 64));
  for (int32_t h = 0; h < 7; ++h) {
    facts.heads.push_back(head(1, h, 1, 0.9F - 0.0625F * float(h), 0.5F));
    facts.heads.push_back(head(2, h, 1, 0.9F - 0.0625F * float(h), h == 6 ? 0.25F : db::kNotMeasured));
  }
  facts.heads.push_back(head(1, 7, 1, db::kNotMeasured));
  const TraceSummary summary = summarise(facts);
  ASSERT_EQ(summary.worstHeads.size(), 5U);
  EXPECT_EQ(summary.worstHeads[0].head, 6);
  EXPECT_EQ(summary.worstHeads[0].recallP05, 0.25);
  EXPECT_EQ(summary.worstHeads[0].worstStep, 2);
  EXPECT_EQ(summary.worstHeads[1].head, 5);
  EXPECT_EQ(summary.worstHeads[1].worstStep, 1);
  EXPECT_EQ(summary.recallSparse.notMeasured, 1);
}

TEST(TraceSummary, SplitsTheTimeAndPutsRecordingOnTop) {
  TraceFacts facts;
  facts.steps = {{.index = 0, .startNs = 0, .endNs = 600}, {.index = 1, .startNs = 700, .endNs = 1200}};
  facts.calls = {call(1, "dense", 1, 1)};
  facts.calls[0].kernelNs = 400;
  facts.calls[0].searchNs = 50;
  facts.calls[0].recordNs = 100;
  const TimeSplit time = summarise(facts).time;
  EXPECT_EQ(time.samplingNs, 1000);
  EXPECT_EQ(time.attentionNs, 400);
  EXPECT_EQ(time.searchNs, 50);
  EXPECT_EQ(time.otherNs, 550);
  EXPECT_EQ(time.recordNs, 100);
  facts.calls[0].kernelNs = 5000;  // kernels of a step that was not finished
  EXPECT_TRUE(std::isnan(summarise(facts).time.otherNs));
}

TEST(TraceSummary, OfNothingIsNotMeasured) {
  const TraceSummary summary = summarise({});
  EXPECT_TRUE(std::isnan(summary.densityAll.qk));
  EXPECT_TRUE(std::isnan(summary.time.samplingNs));
  EXPECT_TRUE(std::isnan(summary.flopsShare));
  EXPECT_FALSE(summary.overheadMeasured);
  EXPECT_FALSE(summary.healthy());
  EXPECT_TRUE(summary.worstHeads.empty());
}

TEST(TraceSummary, IsUnhealthyAfterAnyLossWarningOrMissingEnd) {
  TraceFacts facts;
  facts.run.finalised = true;
  facts.health = {{"dropped_records", 0}};
  facts.diagnostics = {{0, "info", "started"}};
  EXPECT_TRUE(summarise(facts).healthy());
  facts.health[0].value = 1;
  EXPECT_FALSE(summarise(facts).healthy());
  facts.health[0].value = 0;
  facts.diagnostics[0].severity = "warning";
  EXPECT_FALSE(summarise(facts).healthy());
  facts.diagnostics.clear();
  facts.run.finalised = false;
  EXPECT_FALSE(summarise(facts).healthy());
}

TEST(ReadFacts, BringsTheWholeTrace) {
  const tests::SpacedFolder folder;
  tests::writeGoldenTrace(folder.path() / "run.db");
  const TraceFacts facts = readFacts(db::TraceReader(folder.path() / "run.db"));
  EXPECT_TRUE(facts.run.finalised);
  EXPECT_EQ(facts.steps.size(), 6U);
  EXPECT_EQ(facts.layers.size(), 3U);
  EXPECT_EQ(facts.calls.size(), 34U);
  EXPECT_EQ(facts.heads.size(), 68U);
  EXPECT_EQ(facts.devices.size(), 1U);
}

}  // namespace
}  // namespace ditscope::analyzer
