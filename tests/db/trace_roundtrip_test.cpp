// SPDX-License-Identifier: Apache-2.0
// What is written is what is read.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>

#include "db/error.h"
#include "db/trace_reader.h"
#include "db/trace_writer.h"
#include "tests/db/random_records.h"
#include "tests/support/make_trace.h"
#include "tests/support/temp_dir.h"

namespace ditscope::db {
namespace {

using tests::Random;

bool sameFloat(float a, float b) {
  return a == b || (std::isnan(a) && std::isnan(b));
}

void expectSame(const TraceReader& reader, const AttnRecord& record) {
  const int64_t id = record.call.id;
  const size_t heads = record.heads.size();
  for (size_t h = 0; h < heads; ++h) {
    const auto head = int32_t(h);
    const BlockMask none;
    const BlockMask& mask = record.masks.empty() ? none : record.masks[record.masks.size() == 1 ? 0 : h];
    ASSERT_EQ(reader.mask(id, head).value_or(none), mask) << "call " << id << " head " << h;

    const auto mass = reader.mass(id, head);
    ASSERT_EQ(mass.has_value(), !record.masses.empty() && record.masses[h].rows > 0);
    for (size_t i = 0; mass && i < mass->mass.size(); ++i) {
      ASSERT_NEAR(mass->mass[i], record.masses[h].mass[i], 0.0015f * record.masses[h].mass[i]);
    }
    ASSERT_EQ(reader.recallCurve(id, head).has_value(),
              !record.curves.empty() && !record.curves[h].byRow.empty());
    const auto rows = reader.lseRows(id, head);
    ASSERT_EQ(rows.has_value(), !record.lseRows.empty() && !record.lseRows[h].empty());
    if (rows) {
      ASSERT_EQ(rows->size(), record.lseRows[h].size());
    }
    ASSERT_EQ(reader.lseBlocks(id, head).has_value(), !record.lseBlocks.empty());
  }
  ASSERT_FALSE(reader.mask(id, int32_t(heads)).has_value());
  ASSERT_FALSE(reader.mask(id, -1).has_value());
}

// A head without a decision has none, and its blocks are ordered as the call says.
void expectSameDecision(const HeadRow& row, const AttnRecord& record) {
  HeadDecision expected;
  expected.order = record.call.order;
  if (!record.decisions.empty()) expected = record.decisions[size_t(row.head)];
  EXPECT_EQ(row.decision.method, expected.method);
  EXPECT_EQ(row.decision.choice, expected.choice);
  EXPECT_TRUE(sameFloat(row.decision.budget, expected.budget));
  EXPECT_TRUE(sameFloat(row.decision.threshold, expected.threshold));
  EXPECT_EQ(row.decision.sourceStep, expected.sourceStep);
  EXPECT_EQ(row.decision.order, expected.order);
}

TEST(TraceRoundTrip, RandomRecordsOfRandomShapes) {
  const tests::TempDir folder;
  Random random(11);
  std::map<int64_t, AttnRecord> written;
  {
    TraceWriter writer(folder / "t.db", db::Run(), {.keyframeEvery = 4});
    for (int32_t layer = 0; layer < 3; ++layer)
      writer.addLayer({layer, "blocks." + std::to_string(layer), AttnKind::Joint, 5, 64});
    int64_t id = 0;
    for (int32_t step = 0; step < 40; ++step) {
      for (int32_t layer = 0; layer < 3; ++layer) {
        const AttnRecord record = tests::randomRecord(random, ++id, step, layer);
        written[id] = record;
        writer.push(record);
      }
      writer.push(Step{step, 1.0 / (step + 1), 1000.0 / (step + 1), step * 100, step * 100 + 90});
    }
    writer.finalise(db::Run());
  }
  const TraceReader reader(folder / "t.db");
  for (const auto& [id, record] : written) ASSERT_NO_FATAL_FAILURE(expectSame(reader, record));
  ASSERT_EQ(reader.steps().size(), 40u);
  EXPECT_EQ(reader.steps()[9].endNs, 990);
  const auto calls = reader.calls();
  ASSERT_EQ(calls.size(), written.size());
  for (const AttnCall& call : calls) {
    const AttnCall& expected = written[call.id].call;
    ASSERT_EQ(call.branch, expected.branch);
    ASSERT_EQ(call.kind, expected.kind);
    ASSERT_EQ(call.order, expected.order);
    ASSERT_EQ(call.kvLen, expected.kvLen);
    ASSERT_EQ(call.plan, expected.plan);
  }
  for (const HeadRow& row : reader.heads()) {
    const HeadStats& expected = written[row.callId].heads[size_t(row.head)];
    ASSERT_TRUE(sameFloat(row.stats.densityQk, expected.densityQk));
    ASSERT_TRUE(sameFloat(row.stats.densityPv, expected.densityPv));
    ASSERT_TRUE(sameFloat(row.stats.lseMin, expected.lseMin));
    ASSERT_EQ(row.stats.timeMethod, expected.timeMethod);
    ASSERT_EQ(row.stats.lseEmptyRows, expected.lseEmptyRows);
    ASSERT_NO_FATAL_FAILURE(expectSameDecision(row, written[row.callId]));
  }
}

TEST(TraceRoundTrip, DecisionsThatAreNoneOfAHeadAreRefused) {
  const tests::TempDir folder;
  TraceWriter writer(folder / "t.db", db::Run());
  const auto refuses = [&](size_t heads, size_t decisions, const HeadDecision& decision) {
    AttnRecord record;
    record.call.id = 1;
    record.call.step = 3;
    record.heads.resize(heads);
    record.decisions.assign(decisions, decision);
    EXPECT_THROW(writer.push(record), std::invalid_argument);
  };
  refuses(2, 1, {});
  refuses(0, 2, {});
  refuses(1, 1, {.method = std::string(kMaxNameBytes + 1, 'm'), .choice = {}});
  refuses(1, 1, {.method = {}, .choice = std::string(kMaxNameBytes + 1, 'c')});
  refuses(1, 1, {.method = {}, .choice = {}, .sourceStep = 4});
  refuses(1, 1, {.method = {}, .choice = {}, .sourceStep = -2});
}

TEST(TraceRoundTrip, MasksCanBeReadInAnyOrder) {
  const tests::TempDir folder;
  tests::makeSyntheticTrace(folder / "t.db", {.steps = 12, .layers = 1, .heads = 2, .searchEvery = 2});
  const TraceReader forward(folder / "t.db");
  const std::vector<AttnCall> calls = forward.calls();
  std::map<int64_t, BlockMask> masks;
  for (const AttnCall& call : calls) masks[call.id] = forward.mask(call.id, 1).value();
  const TraceReader backward(folder / "t.db");
  for (auto call = calls.rbegin(); call != calls.rend(); ++call) {
    ASSERT_EQ(backward.mask(call->id, 1).value(), masks[call->id]);
  }
}

TEST(TraceRoundTrip, EveryFieldOfTheRunAndItsDimensions) {
  const tests::TempDir folder;
  db::Run run;
  run.uuid = "u-1";
  run.groupUuid = "g-1";
  run.rank = 3;
  run.startedUtcNs = 1'767'225'600'000'000'000;
  run.tool = "ditscope 0.1.0";
  run.source = "live";
  run.sourceFile = "größe 漢字.sqlite";
  run.model = "WanTransformer3DModel";
  run.modelPath = "/models/a b";
  run.scheduler = "UniPC";
  run.method = "topk:density=0.3";
  run.record = RecordLevel::Full;
  run.nSteps = 20;
  run.nLayers = 4;
  run.nHeads = 6;
  run.seqLen = 2048;
  run.grid = {8, 16, 16};
  run.text = {2048, 2060};
  run.blockQ = 64;
  run.blockK = 128;
  run.dtype = "bf16";
  run.seed = -5;
  run.label = 7;
  run.guidance = 5.5;
  run.gitCommit = "abc";
  run.torch = "2.11";
  run.blas = "openblas";
  run.cuda = "12.8";
  run.driver = "570";
  run.cupti = "26";
  const LaunchConfig config{"attend<64>", {8, 6, 1}, {128, 1, 1}, {2, 1, 1}, 168, 1024, 49'152};
  {
    TraceWriter writer(folder / "t.db", run);
    EXPECT_EQ(writer.addDevice({0, 1, "GPU-1", "H200", 132, int64_t{141} << 30, 1'980'000'000}), 1);
    writer.addLayer({2, "blocks.2", AttnKind::Cross, 6, 72});
    EXPECT_EQ(writer.addLaunchConfig(config), 1);
    LaunchConfig other = config;
    other.grid[2] = 5;
    EXPECT_EQ(writer.addLaunchConfig(other), 2);
    EXPECT_EQ(writer.addLaunchConfig(config), 1);
    writer.addDiagnostic({12, "warning", "clock stepped"});
    writer.setHealth("zero_time_kernels", 3);
    writer.setHealth("zero_time_kernels", 4);
    writer.setCircumstance("governor", "powersave");
    writer.setCircumstance("governor", "performance");
    writer.setCircumstance("cache", "hot");
    writer.push(DeviceClock{1, 700, 1'500'000'000});
    writer.push(DeviceClock{1, 600, 1'980'000'000});
    writer.push(Kernel{1, 2, 500, 20, 7, 42, 0, LinkMethod::NvtxRange, kThrottled | kWarmup});
    writer.push(Kernel{1, 1, 100, 30, 7, 41, 0, LinkMethod::None, 0});
    run.durationNs = 99;
    run.overheadRatio = 1.01;
    run.overheadLo = 1.0;
    run.overheadHi = 1.02;
    writer.finalise(run);
  }
  EXPECT_FALSE(std::filesystem::exists(folder / "t.db-wal"));
  EXPECT_FALSE(std::filesystem::exists(folder / "t.db-shm"));

  const TraceReader reader(folder / "t.db");
  const db::Run back = reader.run();
  EXPECT_TRUE(back.finalised);
  EXPECT_EQ(back.uuid, run.uuid);
  EXPECT_EQ(back.groupUuid, run.groupUuid);
  EXPECT_EQ(back.rank, run.rank);
  EXPECT_EQ(back.startedUtcNs, run.startedUtcNs);
  EXPECT_EQ(back.durationNs, 99);
  EXPECT_EQ(back.tool, run.tool);
  EXPECT_EQ(back.source, run.source);
  EXPECT_EQ(back.sourceFile, run.sourceFile);
  EXPECT_EQ(back.model, run.model);
  EXPECT_EQ(back.modelPath, run.modelPath);
  EXPECT_EQ(back.scheduler, run.scheduler);
  EXPECT_EQ(back.method, run.method);
  EXPECT_EQ(back.record, run.record);
  EXPECT_EQ(back.nSteps, run.nSteps);
  EXPECT_EQ(back.nLayers, run.nLayers);
  EXPECT_EQ(back.nHeads, run.nHeads);
  EXPECT_EQ(back.seqLen, run.seqLen);
  EXPECT_EQ(back.grid.frames, 8);
  EXPECT_EQ(back.grid.rows, 16);
  EXPECT_EQ(back.grid.cols, 16);
  EXPECT_EQ(back.text.begin, 2048);
  EXPECT_EQ(back.text.end, 2060);
  EXPECT_EQ(back.blockQ, 64);
  EXPECT_EQ(back.blockK, 128);
  EXPECT_EQ(back.dtype, run.dtype);
  EXPECT_EQ(back.seed, -5);
  EXPECT_EQ(back.label, 7);
  EXPECT_EQ(back.guidance, 5.5);
  EXPECT_EQ(back.gitCommit, run.gitCommit);
  EXPECT_EQ(back.torch, run.torch);
  EXPECT_EQ(back.blas, run.blas);
  EXPECT_EQ(back.cuda, run.cuda);
  EXPECT_EQ(back.driver, run.driver);
  EXPECT_EQ(back.cupti, run.cupti);
  EXPECT_EQ(back.overheadRatio, 1.01);
  EXPECT_EQ(back.overheadLo, 1.0);
  EXPECT_EQ(back.overheadHi, 1.02);

  ASSERT_EQ(reader.devices().size(), 1u);
  EXPECT_EQ(reader.devices()[0].name, "H200");
  EXPECT_EQ(reader.devices()[0].memoryBytes, int64_t{141} << 30);
  ASSERT_EQ(reader.layers().size(), 1u);
  EXPECT_EQ(reader.layers()[0].kind, AttnKind::Cross);
  EXPECT_EQ(reader.layers()[0].headDim, 72);
  const auto configs = reader.launchConfigs();
  ASSERT_EQ(configs.size(), 2u);
  EXPECT_EQ(configs[1].name, "attend<64>");
  EXPECT_EQ(configs[1].grid[2], 5);
  EXPECT_EQ(configs[1].cluster[0], 2);
  EXPECT_EQ(configs[1].dynamicSharedBytes, 49'152);
  ASSERT_EQ(reader.diagnostics().size(), 1u);
  EXPECT_EQ(reader.diagnostics()[0].text, "clock stepped");
  const auto circumstances = reader.circumstances();
  ASSERT_EQ(circumstances.size(), 2u);
  EXPECT_EQ(circumstances[0].name + " " + circumstances[0].value, "cache hot");
  EXPECT_EQ(circumstances[1].value, "performance");
  const auto clocks = reader.deviceClocks();
  ASSERT_EQ(clocks.size(), 2u);
  EXPECT_EQ(clocks[0].deviceId, 1);
  EXPECT_EQ(clocks[0].timeNs, 600);
  EXPECT_EQ(clocks[1].hz, 1'500'000'000);
  const auto health = reader.health();
  ASSERT_EQ(health.size(), 2u);
  EXPECT_EQ(health[0].name, "dropped_records");
  EXPECT_EQ(health[0].value, 0);
  EXPECT_EQ(health[1].value, 4);

  std::vector<Kernel> kernels;
  reader.forEachKernel([&](const Kernel& kernel) { kernels.push_back(kernel); });
  EXPECT_EQ(reader.kernelCount(), 2);
  ASSERT_EQ(kernels.size(), 2u);
  EXPECT_EQ(kernels[0].startNs, 100);
  EXPECT_EQ(kernels[1].configId, 2);
  EXPECT_EQ(kernels[1].link, LinkMethod::NvtxRange);
  EXPECT_EQ(kernels[1].flags, uint32_t{kThrottled | kWarmup});
}

TEST(TraceRoundTrip, HeadFilterAndFindCall) {
  const tests::TempDir folder;
  tests::makeSyntheticTrace(folder / "t.db", {.steps = 4, .layers = 3, .heads = 2});
  const TraceReader reader(folder / "t.db");
  EXPECT_EQ(reader.heads().size(), 4u * 3 * 2 * 2);
  EXPECT_EQ(reader.heads({.step = 1}).size(), 3u * 2 * 2);
  EXPECT_EQ(reader.heads({.layer = 2, .head = 1, .branch = Branch::Uncond}).size(), 4u);
  const auto call = reader.findCall(3, 2, Branch::Uncond);
  ASSERT_TRUE(call.has_value());
  const auto rows = reader.heads({.step = 3, .layer = 2, .branch = Branch::Uncond});
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].callId, *call);
  EXPECT_FALSE(reader.findCall(4, 0, Branch::Cond).has_value());
  const auto all = reader.heads();
  EXPECT_TRUE(std::ranges::is_sorted(
      all, {}, [](const HeadRow& row) { return std::tuple(row.step, row.layer, row.branch, row.head); }));
}

TEST(TraceRoundTrip, SyntheticTracesAreRepeatable) {
  const tests::TempDir folder;
  for (const char* name : {"a.db", "b.db"})
    tests::makeSyntheticTrace(folder / name, {.steps = 3, .layers = 1, .heads = 2});
  std::ifstream a(folder / "a.db", std::ios::binary);
  std::ifstream b(folder / "b.db", std::ios::binary);
  const std::string left{std::istreambuf_iterator<char>(a), {}};
  const std::string right{std::istreambuf_iterator<char>(b), {}};
  EXPECT_GT(left.size(), 8192u);
  EXPECT_TRUE(left == right);
}

}  // namespace
}  // namespace ditscope::db
