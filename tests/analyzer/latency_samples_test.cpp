// SPDX-License-Identifier: Apache-2.0
// Launches as read from traces: of sampling runs, whose heads' densities and launches a sample adds up, and
// of benchmarks, whose names say what was computed.
#include <gtest/gtest.h>

#include "analyzer/tune/latency_model.h"
#include "db/trace_writer.h"
#include "tests/support/temp_dir.h"

namespace ditscope::analyzer {
namespace {

constexpr int32_t kHeads = 3;
constexpr int64_t kTokens = 500;  // 8 blocks of 64, the last one short

class Trace {
 public:
  Trace(const std::filesystem::path& path, const std::string& source)
      : m_run(runOf(source)), m_writer(path, m_run) {
    db::Device device;
    device.name = "a processor";
    device.smCount = 2;
    m_device = m_writer.addDevice(device);
    m_writer.addLayer({.index = 0, .name = "blocks.0", .nHeads = kHeads, .headDim = 32});
  }
  void finish() { m_writer.finalise(m_run); }

  void call(int32_t step, std::vector<float> densities, db::AttnKind kind = db::AttnKind::Self) {
    if (step > m_step) m_writer.push(db::Step{.index = m_step = step});
    db::AttnRecord record;
    record.call.id = ++m_calls;
    record.call.step = step;
    record.call.kind = kind;
    record.call.qLen = record.call.kvLen = kTokens;
    record.call.blockQ = record.call.blockK = 64;
    record.call.kernelNs = 1000 * m_calls;
    for (const float density : densities) {
      record.heads.emplace_back();
      record.heads.back().densityQk = density;
      record.heads.back().densityPv = density / 2;
    }
    m_writer.push(record);
  }
  void launch(const std::string& name, int32_t heads, int64_t callId, int64_t ns, uint32_t flags = 0) {
    db::LaunchConfig config;
    config.name = name;
    config.grid[1] = heads;
    m_writer.push(db::Kernel{.deviceId = m_device,
                             .configId = m_writer.addLaunchConfig(config),
                             .startNs = ++m_launches,
                             .durationNs = ns,
                             .callId = callId,
                             .link = callId > 0 ? db::LinkMethod::Direct : db::LinkMethod::None,
                             .flags = flags});
  }

 private:
  static db::Run runOf(const std::string& source) {
    db::Run run;
    run.uuid = run.groupUuid = "00000000-0000-4000-8000-000000000001";
    run.source = source;
    run.dtype = "float32";
    run.nHeads = kHeads;
    return run;
  }
  db::Run m_run;
  db::TraceWriter m_writer;
  int64_t m_device = 0, m_calls = 0, m_launches = 0;
  int32_t m_step = -1;
};

class LatencySamples : public testing::Test {
 protected:
  tests::TempDir m_folder;
  std::filesystem::path m_file = m_folder / "run.db";
};

TEST_F(LatencySamples, ACallIsASampleOfItsHeadsAndLaunches) {
  Trace trace(m_file, "live");
  const char* kernel = "cpu_attention_bf16_d32_b64";
  trace.call(0, {1, 1, 1});                       // the first step warms up
  trace.call(1, {1, 0.5F, 0.25F});                // one launch
  trace.call(1, {1, 1, 1}, db::AttnKind::Cross);  // not ours
  trace.call(2, {0.5F, 0.5F, 0});                 // two launches; the third head's output was given
  trace.call(3, {0.5F, db::kNotMeasured, 0.5F});  // unknown
  trace.call(3, {0.5F, 0.5F, 0.5F});              // throttled
  trace.call(4, {1, 1, 1});                       // launches not recorded
  trace.launch(kernel, 3, 1, 5);
  trace.launch(kernel, 3, 2, 5);
  trace.launch("some_other_kernel", 77, 2, 5);
  trace.launch(kernel, 1, 4, 5);
  trace.launch(kernel, 1, 4, 5);
  trace.launch(kernel, 3, 6, 5, db::kThrottled);
  trace.finish();

  const std::vector<LaunchSample> samples = launchSamples(m_file);
  ASSERT_EQ(samples.size(), 3U);
  EXPECT_EQ(samples[0].heads, 3);
  EXPECT_EQ(samples[0].launches, 1);
  EXPECT_EQ(samples[0].queryBlocks, 8);
  EXPECT_DOUBLE_EQ(samples[0].scoreBlocks, 1.75 * 64);
  EXPECT_DOUBLE_EQ(samples[0].valueBlocks, 1.75 * 32);
  EXPECT_EQ(samples[0].ns, 2000);
  EXPECT_EQ(samples[0].device, "a processor");
  EXPECT_EQ(samples[0].dtype, "bf16");
  EXPECT_EQ(samples[0].headDim, 32);
  EXPECT_EQ(samples[0].block, 64);
  EXPECT_EQ(samples[1].heads, 2);
  EXPECT_EQ(samples[1].launches, 2);
  EXPECT_DOUBLE_EQ(samples[1].scoreBlocks, 64);
  EXPECT_EQ(samples[1].ns, 4000);
  EXPECT_EQ(samples[2].heads, 3);
  EXPECT_EQ(samples[2].dtype, "f32") << "of the run";
  EXPECT_EQ(samples[2].ns, 7000);
}

TEST_F(LatencySamples, OfABenchmarkAreOurKernelWithoutStatistics) {
  Trace trace(m_file, "bench");
  trace.launch("ditscope-f32 2x8x500x64 t2 b64", 1, 0, 100);
  trace.launch("ditscope-f32-density-0.25 2x8x500x64 t2 b64", 1, 0, 30);
  trace.launch("ditscope-bf16-density-0.01 1x8x512x128 t1 b128", 1, 0, 20);
  trace.launch("ditscope-f32 2x8x500x64 t2 b64", 1, 0, 999, db::kWarmup);
  trace.launch("ditscope-f32-bits-gap 2x8x500x64 t2 b64", 1, 0, 101);
  trace.launch("libtorch-unfused 2x8x500x64 t2 b64", 1, 0, 400);
  trace.launch("plan-density-0.25 2x8x500x64 t2 b64", 1, 0, 1);
  trace.launch("ditscope-f32 99999999x8x500x64 t2 b64", 1, 0, 1);
  trace.launch(std::string(100'000, '9'), 1, 0, 1);
  trace.finish();

  const std::vector<LaunchSample> samples = launchSamples(m_file);
  ASSERT_EQ(samples.size(), 3U);
  EXPECT_EQ(samples[0].heads, 16);
  EXPECT_EQ(samples[0].queryBlocks, 8);
  EXPECT_EQ(samples[0].scoreBlocks, 16 * 64);
  EXPECT_EQ(samples[0].ns, 100);
  EXPECT_EQ(samples[0].dtype, "f32");
  EXPECT_EQ(samples[0].headDim, 64);
  EXPECT_EQ(samples[0].block, 64);
  EXPECT_EQ(samples[0].device, "a processor");
  EXPECT_EQ(samples[1].scoreBlocks, 16 * 8 * 2);
  EXPECT_EQ(samples[1].valueBlocks, samples[1].scoreBlocks);
  EXPECT_EQ(samples[2].scoreBlocks, 8 * 4 * 1) << "one block a row at the least";
  EXPECT_EQ(samples[2].device, "a processor, threads: 1");
}

}  // namespace
}  // namespace ditscope::analyzer
