// SPDX-License-Identifier: Apache-2.0
// Exports of Nsight Systems: a real one, and made-up ones for each thing that such files do.
#include <gtest/gtest.h>

#include <set>

#include "db/error.h"
#include "db/sqlite.h"
#include "tests/analyzer/import_support.h"

namespace ditscope::tests {
namespace {

const std::filesystem::path kReal =
    DITSCOPE_SOURCE_DIR "/tests/analyzer/import_data/video_dit_2xh100_cut.sqlite";

constexpr const char* kTables =
    "CREATE TABLE StringIds(id INTEGER NOT NULL PRIMARY KEY, value TEXT NOT NULL);"
    "CREATE TABLE CUPTI_ACTIVITY_KIND_KERNEL(start INTEGER, end INTEGER, deviceId INTEGER, streamId INTEGER,"
    " correlationId INTEGER, globalPid INTEGER, demangledName INTEGER, registersPerThread INTEGER, gridX "
    "INTEGER,"
    " gridY INTEGER, gridZ INTEGER, blockX INTEGER, blockY INTEGER, blockZ INTEGER, staticSharedMemory "
    "INTEGER,"
    " dynamicSharedMemory INTEGER, graphNodeId INTEGER);"
    "CREATE TABLE CUPTI_ACTIVITY_KIND_RUNTIME(start INTEGER, end INTEGER, eventClass INTEGER, globalTid "
    "INTEGER,"
    " correlationId INTEGER, nameId INTEGER);"
    "CREATE TABLE NVTX_EVENTS(start INTEGER, end INTEGER, eventType INTEGER, text TEXT, globalTid INTEGER,"
    " textId INTEGER, int64Value INTEGER);"
    "INSERT INTO StringIds VALUES (1, 'plain_kernel'), (2, 'void flash_fwd_kernel<128>(Flash_fwd_params)'),"
    " (3, 'cudaLaunchKernel_v7000'), (4, 'cudaGraphLaunch_v10000'), (5, 'step'), (6, 'layer'), (7, "
    "'attention');";

int64_t processId(int64_t pid) {
  return (int64_t{1} << 48) | pid << 24;
}
std::string threadOf(int64_t pid) {
  return std::to_string(processId(pid) | pid);
}

std::string kernel(int64_t start, int64_t duration, int correlation, int64_t pid = 7, int name = 1,
                   int device = 0, int64_t graphNode = 0) {
  return "INSERT INTO CUPTI_ACTIVITY_KIND_KERNEL VALUES(" + std::to_string(start) + "," +
         std::to_string(start + duration) + "," + std::to_string(device) + ",7," +
         std::to_string(correlation) + "," + std::to_string(processId(pid)) + "," + std::to_string(name) +
         ",40,2,3,4,64,1,1,16,32," + (graphNode != 0 ? std::to_string(graphNode) : "NULL") + ");";
}
std::string launch(int64_t start, int correlation, int64_t pid = 7, int name = 3) {
  return "INSERT INTO CUPTI_ACTIVITY_KIND_RUNTIME VALUES(" + std::to_string(start) + "," +
         std::to_string(start + 5) + ",0," + threadOf(pid) + "," + std::to_string(correlation) + "," +
         std::to_string(name) + ");";
}
std::string range(int64_t start, int64_t end, const std::string& text, int64_t pid = 7) {
  return "INSERT INTO NVTX_EVENTS VALUES(" + std::to_string(start) + "," + std::to_string(end) + ",59,'" +
         text + "'," + threadOf(pid) + ",NULL,NULL);";
}
std::string registered(int64_t start, int64_t end, int textId, int payload) {
  return "INSERT INTO NVTX_EVENTS VALUES(" + std::to_string(start) + "," + std::to_string(end) + ",59,NULL," +
         threadOf(7) + "," + std::to_string(textId) + "," + std::to_string(payload) + ");";
}

ImportedTrace importSql(const std::string& sql, const std::string& tables = kTables) {
  const TempDir folder;
  db::Connection(folder / "capture.sqlite", db::Connection::Mode::Create).exec(tables + sql);
  return importFile(folder / "capture.sqlite");
}

TEST(ImportNsys, FindsLayersAndAttentionOfARealCapture) {
  const ImportedTrace trace = importFile(kReal);
  EXPECT_EQ(trace.kernels.size(), 536U);  // SELECT count(*) FROM CUPTI_ACTIVITY_KIND_KERNEL
  EXPECT_EQ(trace.counter("kernels_without_launch"), 8);
  EXPECT_EQ(trace.run.source, "nsys");
  EXPECT_EQ(trace.run.driver, "580.95.05");
  EXPECT_EQ(trace.run.cuda, "13.0");
  EXPECT_EQ(trace.devices.size(), 2U);
  std::set<std::string> layers;
  for (const db::Layer& layer : trace.layers) layers.insert(layer.name);
  EXPECT_EQ(layers, (std::set<std::string>{"FSDP::pre_forward (blocks.3", "FSDP::pre_forward (blocks.4"}));
  EXPECT_EQ(trace.steps.size(), 1U);
  EXPECT_EQ(trace.calls.size(), 8U);  // self and cross attention of two layers in two processes
  int64_t flash = 0;
  for (const db::Kernel& k : trace.kernels)
    if (trace.nameOf(k).find("flash_fwd") != std::string::npos) {
      ++flash;
      EXPECT_EQ(k.callId != 0, (k.flags & db::kOrphan) == 0);
    }
  EXPECT_GE(flash, 8);
  for (const db::AttnCall& call : trace.calls) EXPECT_GT(call.kernelNs, 100'000);
}

TEST(ImportNsys, TakesNoEnvironmentAndNoCommandLine) {
  ASSERT_NE(readText(kReal).find("do-not-import-me"), std::string::npos);
  const TempDir folder;
  (void)analyzer::importCapture(kReal, analyzer::CaptureFormat::Nsys, folder / "t.db", {}, {});
  const std::string bytes = readText(folder / "t.db");
  for (const char* secret :
       {"do-not-import-me", "PLANTED_SECRET", "master_port", "fv_mfu_training", "LD_PRELOAD"})
    EXPECT_EQ(bytes.find(secret), std::string::npos) << secret;
}

TEST(ImportNsys, ReadsAnySubsetOfTables) {
  std::vector<std::string> tables;
  {
    const db::Connection real(kReal, db::Connection::Mode::Immutable);
    db::Statement names = real.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'");
    while (names.step()) tables.emplace_back(names.textAt(0));
  }
  ASSERT_GT(tables.size(), 8U);
  for (const std::string& table : tables) {
    SCOPED_TRACE(table);
    const TempDir folder;
    std::filesystem::copy_file(kReal, folder / "c.sqlite");
    std::filesystem::permissions(folder / "c.sqlite", std::filesystem::perms::owner_all);
    db::Connection(folder / "c.sqlite", db::Connection::Mode::ReadWrite).exec("DROP TABLE " + table);
    const auto report =
        analyzer::importCapture(folder / "c.sqlite", analyzer::CaptureFormat::Nsys, folder / "t.db", {}, {});
    EXPECT_EQ(report.counts.kernels, table == "CUPTI_ACTIVITY_KIND_KERNEL" ? 0 : 536);
    if (table == "CUPTI_ACTIVITY_KIND_RUNTIME") {
      EXPECT_EQ(report.counts.orphans, 536);
    }
  }
}

TEST(ImportNsys, DoesNotCareForTheOrderOfRows) {
  const std::vector<std::string> rows = {
      range(0, 900, "blocks.0.attn"),
      range(100, 300,
            "aten::scaled_dot_product_attention, op_id = 3, sizes = [[1, 4, 256, 64], "
            "[1, 4, 77, 64], [1, 4, 77, 64]]"),
      launch(110, 1),
      launch(50, 2),
      kernel(500, 30, 1),
      kernel(400, 20, 2)};
  std::string forward, backward;
  for (const std::string& row : rows) {
    forward += row;
    backward = row + backward;
  }
  const ImportedTrace a = importSql(forward), b = importSql(backward);
  EXPECT_EQ(a.run.uuid, b.run.uuid);
  ASSERT_EQ(a.calls.size(), 1U);
  ASSERT_EQ(b.calls.size(), 1U);
  EXPECT_EQ(a.calls[0].kvLen, 77);
  EXPECT_EQ(a.calls[0].kind, db::AttnKind::Cross);
  EXPECT_EQ(a.calls[0].kernelNs, 30);
  EXPECT_EQ(b.calls[0].kernelNs, 30);
  ASSERT_EQ(a.kernels.size(), 2U);
  EXPECT_EQ(a.kernels[0].callId, 0);
  EXPECT_EQ(a.kernels[1].callId, 1);
  EXPECT_EQ(a.configs.at(0).staticSharedBytes, 16);
  EXPECT_EQ(a.configs.at(0).dynamicSharedBytes, 32);
}

TEST(ImportNsys, KeepsProcessesApart) {  // both count correlations from 1 and call their GPU 0
  const std::string mapping =
      "CREATE TABLE TARGET_INFO_CUDA_DEVICE(gpuId INTEGER, cudaId INTEGER, pid INTEGER, uuid TEXT);"
      "INSERT INTO TARGET_INFO_CUDA_DEVICE VALUES(4, 0, 7, ''), (5, 0, 8, '');"
      "CREATE TABLE TARGET_INFO_GPU(id INTEGER, name TEXT, uuid TEXT, smCount INTEGER, totalMemory INTEGER, "
      "clockRate INTEGER);"
      "INSERT INTO TARGET_INFO_GPU VALUES(4, 'H100', 'GPU-a', 132, 80, 1980000000), (5, 'H100', 'GPU-b', "
      "132, 80, 1980000000);";
  const ImportedTrace trace =
      importSql(mapping + launch(10, 1, 7) + launch(1'000, 1, 8) + kernel(20, 5, 1, 7) +
                kernel(1'010, 5, 1, 8) + range(5, 15, "FlashAttnFunc", 7));
  ASSERT_EQ(trace.devices.size(), 2U);
  EXPECT_EQ(trace.devices[0].uuid, "GPU-a");
  EXPECT_EQ(trace.devices[1].uuid, "GPU-b");
  EXPECT_EQ(trace.devices[1].clockHz, 1'980'000'000);
  EXPECT_NE(trace.kernels[0].deviceId, trace.kernels[1].deviceId);
  EXPECT_EQ(trace.kernels[0].callId, 1);
  EXPECT_EQ(trace.kernels[1].callId, 0);
  EXPECT_EQ(trace.counter("kernels_before_their_launch"), 0);
}

TEST(ImportNsys, ReadsTheAnnotationsOfOurCollector) {
  std::string sql;
  for (int step = 0; step < 2; ++step)
    for (int layer = 0; layer < 2; ++layer) {
      const int64_t at = 10'000 * (step + 1) + 1'000 * layer;
      if (layer == 0) sql += registered(at, at + 5'000, 5, step);
      sql += registered(at + 10, at + 900, 6, layer) + registered(at + 100, at + 200, 7, layer);
      sql += launch(at + 110, 2 * step + layer + 1) + kernel(at + 150, 40, 2 * step + layer + 1);
    }
  const ImportedTrace trace = importSql(sql);
  ASSERT_EQ(trace.calls.size(), 4U);
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(trace.calls[size_t(i)].step, i / 2);
    EXPECT_EQ(trace.calls[size_t(i)].layer, i % 2);
    EXPECT_EQ(trace.calls[size_t(i)].kernelNs, 40);
  }
}

TEST(ImportNsys, PlacesKernelsOfGraphsByWhereTheirNodesWereMade) {
  std::string sql =
      "CREATE TABLE CUDA_GRAPH_NODE_EVENTS(start INTEGER, end INTEGER, globalTid INTEGER, nameId INTEGER,"
      " graphNodeId INTEGER, originalGraphNodeId INTEGER);";
  for (int layer = 0; layer < 2; ++layer) {  // captured once, instantiated as nodes 11 and 12
    const int64_t at = 100 + 100 * layer;
    sql += range(at, at + 90, "blocks." + std::to_string(layer));
    sql += "INSERT INTO CUDA_GRAPH_NODE_EVENTS VALUES(" + std::to_string(at + 20) + ",0," + threadOf(7) +
           ",0," + std::to_string(layer + 1) + ",NULL), (900,0," + threadOf(7) + ",0," +
           std::to_string(layer + 11) + "," + std::to_string(layer + 1) + ");";
  }
  for (int step = 0; step < 3; ++step) {
    const int64_t at = 10'000 * (step + 1);
    sql += range(at, at + 5'000, "step " + std::to_string(step)) + launch(at + 10, step + 1, 7, 4);
    for (int layer = 0; layer < 2; ++layer)
      sql += kernel(at + 100 + 50 * layer, 30, step + 1, 7, 2, 0, layer + 11);
  }
  const ImportedTrace trace = importSql(sql);
  ASSERT_EQ(trace.calls.size(), 6U);
  for (size_t i = 0; i < 6; ++i) {
    EXPECT_EQ(trace.calls[i].step, int32_t(i / 2));
    EXPECT_EQ(trace.calls[i].layer, int32_t(i % 2));
    EXPECT_EQ(trace.calls[i].kernelNs, 30);
  }
  for (const db::Kernel& k : trace.kernels) EXPECT_EQ(k.link, db::LinkMethod::GraphNode);
}

TEST(ImportNsys, SaysWhatCannotBeThere) {
  const ImportedTrace trace = importSql(
      "CREATE TABLE CUPTI_ACTIVITY_KIND_GRAPH_TRACE(start INTEGER, end INTEGER, graphId INTEGER);"
      "INSERT INTO CUPTI_ACTIVITY_KIND_GRAPH_TRACE VALUES(1, 2, 3);"
      "CREATE TABLE DIAGNOSTIC_EVENT(timestamp INTEGER, severity INTEGER, text TEXT);"
      "INSERT INTO DIAGNOSTIC_EVENT VALUES(5, 2, 'events were lost with TOKEN=do-not-import-me set'), (6, 1, "
      "'fine');" +
      launch(10, 1) + kernel(20, -5, 1) + kernel(30, 5, 0));
  EXPECT_EQ(trace.counter("kernels_that_end_before_they_begin"), 1);
  std::string all;
  for (const db::Diagnostic& d : trace.diagnostics) all += d.severity + ": " + d.text + "\n";
  EXPECT_NE(all.find("captured whole"), std::string::npos) << all;
  EXPECT_NE(all.find("warning: events were lost with TOKEN= set"), std::string::npos) << all;
  EXPECT_EQ(all.find("fine"), std::string::npos);
}

TEST(ImportNsys, RunsNoSqlOfTheFile) {
  const TempDir folder;
  db::Connection(folder / "c.sqlite", db::Connection::Mode::Create)
      .exec(
          "CREATE TABLE StringIds(id INTEGER PRIMARY KEY, value TEXT); CREATE TABLE t(a);"
          "CREATE VIEW CUPTI_ACTIVITY_KIND_KERNEL AS SELECT 1 AS start, 2 AS end FROM t");
  EXPECT_FALSE(analyzer::recogniseCapture(folder / "c.sqlite"));
  const auto report =
      analyzer::importCapture(folder / "c.sqlite", analyzer::CaptureFormat::Nsys, folder / "t.db", {}, {});
  EXPECT_EQ(report.counts.kernels, 0);
}

TEST(ImportNsys, ADamagedFileIsAnErrorOfOneLine) {
  const TempDir folder;
  std::string bytes = readText(kReal);
  for (size_t i = bytes.size() / 4; i < bytes.size(); i += 97) bytes[i] = char(bytes[i] ^ 0x5A);
  writeText(folder / "c.sqlite", bytes);
  try {
    (void)analyzer::importCapture(folder / "c.sqlite", analyzer::CaptureFormat::Nsys, folder / "t.db", {},
                                  {});
  } catch (const db::Error& error) {
    EXPECT_EQ(error.exitCode(), 3);
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
    EXPECT_FALSE(std::filesystem::exists(folder / "t.db"));
  }
  writeText(folder / "short.sqlite", readText(kReal).substr(0, 60'000));
  EXPECT_THROW((void)analyzer::importCapture(folder / "short.sqlite", analyzer::CaptureFormat::Nsys,
                                             folder / "t.db", {}, {}),
               db::Error);
}

TEST(ImportNsys, GivesTheKernelsThatTheOtherProfilerGives) {
  std::string sql, json = "[";
  for (int i = 1; i <= 50; ++i) {
    const int64_t start = 1'000'000 + i * 7'321;
    sql += launch(start - 500, i) + kernel(start, 100 + i, i);
    const auto us = [](int64_t ns) {
      return std::to_string(ns / 1000) + "." + std::to_string(1000 + ns % 1000).substr(1);
    };
    json += R"({"ph":"X","cat":"kernel","name":"plain_kernel","pid":0,"tid":7,"ts":)" + us(start) +
            ",\"dur\":" + us(100 + i) + R"(,"args":{"device":0,"stream":7,"correlation":)" +
            std::to_string(i) +
            R"(,"registers per thread":40,"shared memory":48,"grid":[2,3,4],"block":[64,1,1]}},)";
    json += R"({"ph":"X","cat":"cuda_runtime","name":"cudaLaunchKernel","pid":7,"tid":7,"ts":)" +
            us(start - 500) + R"(,"dur":1,"args":{"correlation":)" + std::to_string(i) + "}},";
  }
  const ImportedTrace a = importSql(sql), b = importText(json + "]");
  ASSERT_EQ(a.kernels.size(), b.kernels.size());
  for (size_t i = 0; i < a.kernels.size(); ++i) {
    EXPECT_EQ(a.kernels[i].startNs, b.kernels[i].startNs);
    EXPECT_EQ(a.kernels[i].durationNs, b.kernels[i].durationNs);
    EXPECT_EQ(a.kernels[i].correlation, b.kernels[i].correlation);
    EXPECT_EQ(a.kernels[i].stream, b.kernels[i].stream);
  }
  EXPECT_EQ(a.configs.at(0).name, b.configs.at(0).name);
  EXPECT_TRUE(std::ranges::equal(a.configs[0].grid, b.configs[0].grid));
}

}  // namespace
}  // namespace ditscope::tests
