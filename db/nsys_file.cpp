// SPDX-License-Identifier: Apache-2.0
#include "db/nsys_file.h"

#include <fmt/format.h>

#include <map>
#include <optional>
#include <string>
#include <system_error>
#include <unordered_map>
#include <utility>
#include <vector>

#include "db/error.h"
#include "db/nsys_tables.h"
#include "db/sqlite.h"

namespace ditscope::db {
namespace {

// One process with one thread; a rank is a process of its own. Serialised as there: pid in bits 24 to 47.
int64_t globalPid(const Run& run) {
  return (int64_t{run.rank} + 1) << 24;
}
int64_t globalTid(const Run& run) {
  return globalPid(run) | 1;
}

constexpr int kPushPopRange = 59, kDomainCreate = 75;  // NVTX event types
constexpr int64_t kDomain = 1;
constexpr int64_t kFirstOwnCorrelation = 1 << 30;  // of kernels that have none; profilers count from 1
constexpr int64_t kKernelsPerReport = 4096;

class Strings {
 public:
  explicit Strings(const Connection& connection)
      : m_insert(connection.prepare("INSERT INTO StringIds VALUES(?, ?)")) {}
  int64_t id(const std::string& value) {
    const auto [place, isNew] = m_ids.try_emplace(value, int64_t(m_ids.size()) + 1);
    if (isNew) m_insert.bindAll(place->second, value).run();
    return place->second;
  }

 private:
  Statement m_insert;
  std::unordered_map<std::string, int64_t> m_ids;
};

void writeFacts(const Connection& connection, const TraceReader& reader, const Run& run) {
  Statement meta = connection.prepare("INSERT INTO META_DATA_EXPORT VALUES(?, ?)");
  for (const auto& [name, value] :
       {std::pair<std::string_view, std::string>{"EXPORT_PRODUCT_NAME", "DiTScope"},
        {"EXPORT_PRODUCT_VERSION", run.tool},
        {"EXPORT_SCHEMA_VERSION", "3.25.0"},
        {"EXPORT_SCHEMA_VERSION_MAJOR", "3"},
        {"EXPORT_SCHEMA_VERSION_MINOR", "25"},
        {"EXPORT_SCHEMA_VERSION_MICRO", "0"}}) {
    meta.bindAll(name, value).run();
  }
  connection.prepare("INSERT INTO TARGET_INFO_SESSION_START_TIME(utcEpochNs) VALUES(?)")
      .bindAll(run.startedUtcNs)
      .run();
  connection.prepare("INSERT INTO ANALYSIS_DETAILS VALUES(?, ?, 0, ?)")
      .bindAll(int64_t{0}, run.durationNs, run.durationNs)
      .run();
  Statement gpu = connection.prepare("INSERT INTO TARGET_INFO_GPU VALUES(NULL, ?, ?, ?, ?, ?, ?)");
  for (const Device& d : reader.devices())
    gpu.bindAll(d.ordinal, d.name, d.memoryBytes, d.clockHz, d.smCount, d.uuid).run();
  Statement note = connection.prepare("INSERT INTO DIAGNOSTIC_EVENT VALUES(?, 1, 1, ?, ?, ?)");
  for (const Diagnostic& d : reader.diagnostics()) {
    const int severity = d.severity == "error" ? 3 : d.severity == "warning" ? 2 : 1;
    note.bindAll(d.timeNs, severity, d.text, globalPid(run)).run();
  }
}

// The names are those that the collector's own ranges have when a profiler watches it, the number as payload.
void writeRanges(const Connection& connection, const TraceReader& reader, const Run& run) {
  Statement insert = connection.prepare(
      "INSERT INTO NVTX_EVENTS(start, \"end\", eventType, text, globalTid, domainId, int64Value)"
      " VALUES(?, ?, ?, ?, ?, ?, ?)");
  const auto add = [&](int64_t start, std::optional<int64_t> end, int type, const std::string& text,
                       std::optional<int64_t> payload) {
    insert.bindAll(start, end, type, text, globalTid(run), kDomain, payload).run();
  };
  add(0, {}, kDomainCreate, "ditscope", {});
  for (const Step& step : reader.steps())
    add(step.startNs, step.endNs, kPushPopRange, fmt::format("step {}", step.index), step.index);
  std::map<int32_t, std::string> layers;
  for (const Layer& layer : reader.layers()) layers[layer.index] = layer.name;
  for (const AttnCall& call : reader.calls()) {
    const int64_t end = call.startNs + call.searchNs + call.kernelNs + call.recordNs;
    add(call.startNs, end, kPushPopRange, layers[call.layer], call.layer);
    add(call.startNs, end - call.recordNs, kPushPopRange, "attention", call.layer);
  }
}

void writeKernels(const Connection& connection, const TraceReader& reader, const Run& run,
                  const std::function<bool(int64_t, int64_t)>& progress) {
  Strings strings(connection);
  const std::vector<LaunchConfig> configs = reader.launchConfigs();
  std::vector<int64_t> names;
  for (const LaunchConfig& config : configs) names.push_back(strings.id(config.name));
  std::map<int64_t, int32_t> ordinals;
  for (const Device& device : reader.devices()) ordinals[device.id] = device.ordinal;
  Statement insert = connection.prepare(
      "INSERT INTO CUPTI_ACTIVITY_KIND_KERNEL(start, \"end\", deviceId, contextId, streamId, correlationId,"
      " globalPid, demangledName, shortName, mangledName, registersPerThread, gridX, gridY, gridZ,"
      " blockX, blockY, blockZ, staticSharedMemory, dynamicSharedMemory, clusterX, clusterY, clusterZ)"
      " VALUES(?1, ?2, ?3, 1, ?4, nullif(?5, 0), ?6, ?7, ?7, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16,"
      " ?17, ?18, ?19)");
  Statement launch = connection.prepare(
      "INSERT INTO CUPTI_ACTIVITY_KIND_RUNTIME(start, \"end\", eventClass, globalTid, correlationId, nameId,"
      " returnValue) VALUES(?, ?, 0, ?, ?, ?, 0)");
  const int64_t direct = strings.id("direct call");
  const int64_t total = reader.kernelCount();
  int64_t done = 0;
  reader.forEachKernel([&](const Kernel& k) {
    const size_t config = size_t(k.configId) - 1;
    if (config >= configs.size())
      throw Error(Error::Kind::BadInput, "cannot export the trace",
                  "a kernel has a launch configuration that is missing",
                  "take an intact copy or record again");
    const LaunchConfig& c = configs[config];
    int64_t correlation = k.correlation;
    if (k.link == LinkMethod::Direct && correlation == 0) {
      correlation = kFirstOwnCorrelation + done;
      launch.bindAll(k.startNs, k.startNs + k.durationNs, globalTid(run), correlation, direct).run();
    }
    insert
        .bindAll(k.startNs, k.startNs + k.durationNs, ordinals[k.deviceId], k.stream, correlation,
                 globalPid(run), names[config], c.registersPerThread, c.grid[0], c.grid[1], c.grid[2],
                 c.block[0], c.block[1], c.block[2], c.staticSharedBytes, c.dynamicSharedBytes, c.cluster[0],
                 c.cluster[1], c.cluster[2])
        .run();
    if (++done % kKernelsPerReport == 0 && progress && !progress(done, total)) throw Cancelled();
  });
}

}  // namespace

void writeNsysFile(const TraceReader& reader, const std::filesystem::path& path,
                   const std::function<bool(int64_t, int64_t)>& progress) {
  std::error_code ignored;
  std::filesystem::remove(path, ignored);
  const Connection connection(path, Connection::Mode::Create);
  // Nobody needs half an export, so that a journal would only cost.
  connection.exec("PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; PRAGMA page_size = 8192");
  connection.exec(kNsysTables);
  const Run run = reader.run();
  Transaction transaction(connection);
  writeFacts(connection, reader, run);
  writeRanges(connection, reader, run);
  writeKernels(connection, reader, run, progress);
  transaction.commit();
}

}  // namespace ditscope::db
