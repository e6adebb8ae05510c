// SPDX-License-Identifier: Apache-2.0
// Traces of the PyTorch profiler: real ones, and made-up ones for each thing that such files do.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "db/error.h"
#include "tests/analyzer/import_support.h"

namespace ditscope::tests {
namespace {

const std::filesystem::path kData = DITSCOPE_SOURCE_DIR "/tests/analyzer/import_data";

TEST(ImportKineto, FindsStepsLayersAndAttentionOfARealDiffusionRun) {
  const ImportedTrace trace = importFile(kData / "sd35_mi300x_cut.json.gz");
  EXPECT_EQ(trace.kernels.size(), 16U);
  EXPECT_EQ(trace.run.source, "kineto");
  EXPECT_EQ(trace.run.model, "SD3Transformer2DModel");
  EXPECT_EQ(trace.run.cuda, "HIP 7.13.26183");
  ASSERT_EQ(trace.devices.size(), 1U);
  EXPECT_EQ(trace.devices[0].name, "AMD Instinct MI300X");
  EXPECT_EQ(trace.devices[0].ordinal, 2);
  EXPECT_EQ(trace.devices[0].smCount, 304);
  ASSERT_EQ(trace.steps.size(), 2U);
  ASSERT_EQ(trace.layers.size(), 3U);
  EXPECT_EQ(trace.layers[0].nHeads, 38);
  EXPECT_EQ(trace.layers[0].headDim, 64);
  ASSERT_EQ(trace.calls.size(), 6U);
  for (size_t i = 0; i < trace.calls.size(); ++i) {
    EXPECT_EQ(trace.calls[i].step, int32_t(i / 3));
    EXPECT_EQ(trace.calls[i].layer, int32_t(i % 3));
    EXPECT_EQ(trace.calls[i].qLen, 4429);
    EXPECT_GT(trace.calls[i].kernelNs, 1'000'000);
  }
  int64_t attributed = 0;
  for (const db::Kernel& kernel : trace.kernels)
    if (kernel.callId != 0) {
      ++attributed;
      EXPECT_EQ(trace.nameOf(kernel), "attn_fwd");
      EXPECT_EQ(kernel.link, db::LinkMethod::Correlation);
    }
  EXPECT_EQ(attributed, 6);
  EXPECT_EQ(trace.counter("kernels_without_launch"), 0);
}

TEST(ImportKineto, ReadsTheNamesAndTimesOf2021) {
  const ImportedTrace trace = importFile(kData / "train_2021_names.json.gz");
  EXPECT_EQ(trace.kernels.size(), 1154U);  // jq '[.traceEvents[] | select(.cat == "kernel")] | length'
  EXPECT_EQ(trace.run.startedUtcNs / 1'000'000'000, 1682725898);
  EXPECT_EQ(trace.steps.size(), 2U);
}

TEST(ImportKineto, ReadsDevicePropertiesAsPythonPrintsThem) {
  const ImportedTrace trace = importFile(kData / "tiny_triton.json.gz");
  ASSERT_EQ(trace.kernels.size(), 1U);
  EXPECT_EQ(trace.kernels[0].durationNs, 1760);
  EXPECT_EQ(trace.nameOf(trace.kernels[0]), "triton_poi_fused_add_cos_sin_0");
  EXPECT_EQ(trace.devices.at(0).name, "NVIDIA A100-PG509-200");
  EXPECT_EQ(trace.run.cuda, "12.0");
}

std::string kernelEvent(const std::string& extra, const std::string& ts = "1000.5", int correlation = 5) {
  return R"({"ph": "X", "cat": "kernel", "name": "k", "pid": 0, "tid": 7, "ts": )" + ts +
         R"(, "dur": 2.25, "args": {)" +
         (correlation != 0 ? "\"correlation\": " + std::to_string(correlation) + ", " : std::string()) +
         extra +
         R"("device": 0, "stream": 7, "grid": [2, 3, 4], "block": [64, 1, 1], "registers per thread": 40}})";
}

std::string launchEvent(const std::string& ts, int correlation) {
  return R"({"ph": "X", "cat": "cuda_runtime", "name": "cudaLaunchKernel", "pid": 9, "tid": 9, "ts": )" + ts +
         R"(, "dur": 1, "args": {"correlation": )" + std::to_string(correlation) + "}}";
}

std::string rangeEvent(const std::string& name, double begin, double duration, const std::string& category,
                       const std::string& args = "") {
  std::ostringstream text;
  text << R"({"ph": "X", "cat": ")" << category << R"(", "name": ")" << name
       << R"(", "pid": 9, "tid": 9, "ts": )" << begin << ", \"dur\": " << duration << ", \"args\": {" << args
       << "}}";
  return text.str();
}

TEST(ImportKineto, KeepsNanosecondsOfAbsoluteTimes) {
  const ImportedTrace trace = importText("{\"traceEvents\": [" + launchEvent("1712195495505583.0", 5) + "," +
                                         kernelEvent("", "1712195495505590.019") + "]}");
  ASSERT_EQ(trace.kernels.size(), 1U);
  EXPECT_EQ(trace.kernels[0].startNs, 7'019);
  EXPECT_EQ(trace.kernels[0].durationNs, 2'250);
  EXPECT_EQ(trace.run.startedUtcNs, 1712195495505583000);
  EXPECT_EQ(trace.configs.at(0).grid[2], 4);
  EXPECT_EQ(trace.configs.at(0).registersPerThread, 40);
}

TEST(ImportKineto, ReadsAPlainArrayOldCategoriesAndTextIds) {
  const ImportedTrace trace = importText(
      R"([{"ph":"X","cat":"Kernel","name":"k","pid":"GPU 1","tid":"stream 7","ts":100,"dur":5,
           "args":{"correlation":"12","external id":3}},
          {"ph":"X","cat":"Runtime","name":"cudaLaunchKernel","pid":"main","tid":"main","ts":90,"dur":5,
           "args":{"correlation":"12"}},
          {"ph":"X","cat":"Kernel","name":"never timed","pid":"GPU 1","tid":"stream 7","ts":0,"dur":0,"args":{}}])");
  ASSERT_EQ(trace.kernels.size(), 2U);
  EXPECT_EQ(trace.devices.at(0).ordinal, 1);
  EXPECT_EQ(trace.counter("kernels_without_time"), 1);
  EXPECT_EQ(trace.counter("kernels_without_launch"), 1);
  EXPECT_EQ(trace.run.durationNs, 15'000);
}

TEST(ImportKineto, KeepsAndCountsOrphans) {
  const ImportedTrace trace = importText("[" + kernelEvent("") + "," + kernelEvent("", "1010", 0) + "," +
                                         launchEvent("900", 77) + "]");
  EXPECT_EQ(trace.kernels.size(), 2U);
  for (const db::Kernel& kernel : trace.kernels) EXPECT_TRUE(kernel.flags & db::kOrphan);
  EXPECT_EQ(trace.counter("kernels_without_launch"), 2);
  EXPECT_EQ(trace.counter("launches_without_kernel"), 1);
}

TEST(ImportKineto, ReadsOnBehindBrokenEventsAndUpToAnEarlyEnd) {
  const ImportedTrace trace = importText(
      "{\"traceEvents\": [" + kernelEvent("") + R"(, {"ph": "X", "cat" !! "x"}, )" + launchEvent("900", 5) +
      ", " + kernelEvent("", "NaN") + ", " + kernelEvent("", "1020", 6) + R"(, {"ph": "X", "cat": "kern)");
  EXPECT_EQ(trace.kernels.size(), 2U);
  EXPECT_EQ(trace.counter("broken_events"), 1);
  EXPECT_EQ(trace.counter("cut_short"), 1);
  EXPECT_EQ(trace.counter("events_without_time"), 1);
}

TEST(ImportKineto, NumbersLayersByAnnotationsAndSecondPassesAsUnconditional) {
  std::string events;
  int correlation = 0;
  for (int step = 0; step < 2; ++step) {
    const double at = 10'000.0 * (step + 1);
    events += rangeEvent("denoise step " + std::to_string(step + 3), at, 9'000, "user_annotation") + ",";
    for (int pass = 0; pass < 2; ++pass)
      for (int layer = 0; layer < 3; ++layer) {
        const double begin = at + 100 + 1'000 * (3 * pass + layer);
        events +=
            rangeEvent("transformer.blocks." + std::to_string(layer), begin, 900, "user_annotation") + ",";
        events += rangeEvent("aten::scaled_dot_product_attention", begin + 10, 100, "cpu_op",
                             R"("Input Dims": [[1, 4, 256, 64], [1, 4, 256, 64], [1, 4, 256, 64], []])") +
                  ",";
        events += rangeEvent("aten::_flash_attention_forward", begin + 20, 50, "cpu_op") + ",";
        std::ostringstream launch, start;
        ++correlation;
        launch << begin + 30;
        start << begin + 3'000;
        events +=
            launchEvent(launch.str(), correlation) + "," + kernelEvent("", start.str(), correlation) + ",";
      }
  }
  const ImportedTrace trace = importText("[" + events + "]");
  ASSERT_EQ(trace.calls.size(), 12U);
  EXPECT_EQ(trace.run.nHeads, 4);
  for (size_t i = 0; i < 12; ++i) {
    EXPECT_EQ(trace.calls[i].step, 3 + int32_t(i / 6));
    EXPECT_EQ(trace.calls[i].layer, int32_t(i % 3));
    EXPECT_EQ(trace.calls[i].branch, i % 6 < 3 ? db::Branch::Cond : db::Branch::Uncond);
    EXPECT_EQ(trace.calls[i].kernelNs, 2'250);
  }
  EXPECT_EQ(trace.layers.at(1).name, "transformer.blocks.1");
  EXPECT_EQ(trace.report.counts.attributed, 12);
}

TEST(ImportKineto, TakesPassesForStepsWhereNoneAreNamed) {
  std::string events;
  for (int i = 0; i < 12; ++i) {
    const double begin = 1'000.0 * (i + 1);
    events += rangeEvent("blocks." + std::to_string(i % 4), begin, 900, "user_annotation") + ",";
    events += rangeEvent("FlashAttnFunc", begin + 10, 100, "cpu_op") + ",";
  }
  const ImportedTrace trace = importText("[" + events + "]");
  EXPECT_EQ(trace.steps.size(), 3U);
  EXPECT_EQ(trace.layers.size(), 4U);
  EXPECT_EQ(trace.calls.size(), 12U);
}

TEST(ImportKineto, TakesKernelsForAttentionByTheirNames) {
  std::string kernel = kernelEvent("");
  kernel.replace(kernel.find("\"k\""), 3, "\"void flash_fwd_kernel<128>(Flash_fwd_params)\"");
  const ImportedTrace trace = importText("[" + launchEvent("900", 5) + "," + kernel + "]");
  ASSERT_EQ(trace.calls.size(), 1U);
  EXPECT_EQ(trace.kernels.at(0).callId, trace.calls[0].id);
  EXPECT_EQ(trace.calls[0].kernelNs, 2'250);
}

TEST(ImportKineto, FollowsRulesOfTheUser) {
  analyzer::ImportOptions options;
  options.rules = analyzer::parseRules(
      R"({"format": "ditscope.import-rules/1", "steps": ["lap {n}"], "layers": ["stage {n}"], "attention": [{"name": "mix"}]})",
      "rules");
  const ImportedTrace trace = importText("[" + rangeEvent("lap 6", 0, 1'000, "user_annotation") + "," +
                                             rangeEvent("stage 2", 10, 900, "user_annotation") + "," +
                                             rangeEvent("mix", 20, 10, "cpu_op") + "]",
                                         options);
  ASSERT_EQ(trace.calls.size(), 1U);
  EXPECT_EQ(trace.calls[0].step, 6);
  EXPECT_EQ(trace.calls[0].layer, 2);
}

TEST(ImportKineto, SameContentIsTheSameRun) {
  const ImportedTrace a = importText("[" + kernelEvent("") + "]");
  const ImportedTrace b = importText("[" + kernelEvent("") + "]");
  const ImportedTrace c = importText("[" + kernelEvent("", "1001") + "]");
  EXPECT_EQ(a.run.uuid, b.run.uuid);
  EXPECT_NE(a.run.uuid, c.run.uuid);
}

TEST(ImportKineto, TheResultDoesNotDependOnTheMemory) {
  analyzer::ImportOptions options;
  const ImportedTrace whole = importFile(kData / "train_2021_names.json.gz", options);
  options.memoryBytes = 4096;
  const ImportedTrace spilled = importFile(kData / "train_2021_names.json.gz", options);
  ASSERT_EQ(whole.kernels.size(), spilled.kernels.size());
  for (size_t i = 0; i < whole.kernels.size(); ++i) {
    EXPECT_EQ(whole.kernels[i].startNs, spilled.kernels[i].startNs);
    EXPECT_EQ(whole.kernels[i].callId, spilled.kernels[i].callId);
  }
  EXPECT_EQ(whole.run.uuid, spilled.run.uuid);
}

TEST(ImportKineto, TakesNoSecrets) {
  const TempDir folder;
  writeText(folder / "t.json",
            R"({"metadata": {"env": {"API_TOKEN": "do-not-import-me"}}, "hostname": "do-not-import-me",
                "deviceProperties": [{"id": 0, "name": "GPU", "note": "do-not-import-me"}],
                "distributedInfo": {"rank": 3, "token": "do-not-import-me"}, "traceEvents": [)" +
                kernelEvent(R"("env": "do-not-import-me", )") + R"(,
                {"ph": "M", "name": "process_labels", "pid": 1, "args": {"labels": "do-not-import-me"}},
                {"ph": "X", "cat": "user_annotation", "name": "token do-not-import-me", "pid": 1, "tid": 1, "ts": 1, "dur": 1}
                ], "trailer": "do-not-import-me"})");
  const auto report =
      analyzer::importCapture(folder / "t.json", analyzer::CaptureFormat::Kineto, folder / "t.db", {}, {});
  EXPECT_EQ(readImported(folder / "t.db", report).run.rank, 3);
  EXPECT_EQ(readText(folder / "t.db").find("do-not-import-me"), std::string::npos);
}

TEST(ImportKineto, CancelsAndLeavesNothing) {
  const TempDir folder;
  std::string events;
  for (int i = 0; i < 30'000; ++i) events += kernelEvent("") + ",";
  writeText(folder / "t.json", "[" + events + "]");
  const auto never = [](int64_t, int64_t) { return false; };
  EXPECT_THROW((void)analyzer::importCapture(folder / "t.json", analyzer::CaptureFormat::Kineto,
                                             folder / "t.db", {}, never),
               db::Cancelled);
  EXPECT_FALSE(std::filesystem::exists(folder / "t.db"));
  EXPECT_FALSE(std::filesystem::exists(folder / "t.db.part"));
}

TEST(ImportKineto, RefusesWhatIsNoTrace) {
  EXPECT_THROW((void)importText(R"({"deviceProperties": []})"), db::Error);
  EXPECT_THROW((void)importText("\x1f\x8b not really gzip"), db::Error);
}

}  // namespace
}  // namespace ditscope::tests
