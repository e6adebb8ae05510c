// SPDX-License-Identifier: Apache-2.0
#include "db/trace_reader.h"

#include <string>
#include <utility>

#include "db/enum_names.h"
#include "db/head_blob.h"
#include "db/trace_reader_impl.h"

namespace ditscope::db {
TraceReader::TraceReader(const std::filesystem::path& path, const OpenOptions& options)
    : m_impl(std::make_unique<Impl>(path, options)) {}
TraceReader::~TraceReader() = default;
TraceReader::TraceReader(TraceReader&&) noexcept = default;
TraceReader& TraceReader::operator=(TraceReader&&) noexcept = default;

Run TraceReader::run() const {
  Rows row = m_impl->rows(
      "SELECT uuid, group_uuid, rank, started_utc_ns, duration_ns, tool, source, source_file,"
      " model, model_path, scheduler, method, record, n_steps, n_layers, n_heads, seq_len, grid_frames, "
      "grid_rows,"
      " grid_cols, text_begin, text_end, block_q, block_k, dtype, seed, label, guidance, git_commit, torch, "
      "blas,"
      " cuda, driver, cupti, overhead_ratio, overhead_lo, overhead_hi, finalised FROM run");
  if (!row.next()) m_impl->damaged("the run row is missing");
  Run run;
  run.uuid = row.text();
  run.groupUuid = row.text();
  run.rank = row.count();
  run.startedUtcNs = row.integer();
  run.durationNs = row.integer();
  for (std::string* text :
       {&run.tool, &run.source, &run.sourceFile, &run.model, &run.modelPath, &run.scheduler, &run.method}) {
    *text = row.text();
  }
  run.record = row.named<RecordLevel>();
  run.nSteps = row.count();
  run.nLayers = row.count();
  run.nHeads = row.count();
  run.seqLen = row.size();
  run.grid = {row.count(), row.count(), row.count()};
  run.text = {row.size(), row.size()};
  run.blockQ = row.count();
  run.blockK = row.count();
  run.dtype = row.text();
  run.seed = row.integer();
  run.label = row.integer();
  run.guidance = row.real();
  for (std::string* text : {&run.gitCommit, &run.torch, &run.blas, &run.cuda, &run.driver, &run.cupti}) {
    *text = row.text();
  }
  run.overheadRatio = row.real();
  run.overheadLo = row.real();
  run.overheadHi = row.real();
  run.finalised = row.integer() != 0;
  row.require(run.text.end >= run.text.begin, "the text span ends before it begins");
  return run;
}

std::vector<Device> TraceReader::devices() const {
  Rows row = m_impl->rows(
      "SELECT id, ordinal, uuid, name, sm_count, memory_bytes, clock_hz FROM device ORDER BY id");
  std::vector<Device> devices;
  while (row.next()) {
    Device& device = devices.emplace_back();
    device.id = row.integer();
    device.ordinal = row.count();
    device.uuid = row.text();
    device.name = row.text();
    device.smCount = row.count();
    device.memoryBytes = row.size();
    device.clockHz = row.size();
  }
  return devices;
}

std::vector<Layer> TraceReader::layers() const {
  Rows row = m_impl->rows("SELECT idx, name, kind, n_heads, head_dim FROM layer ORDER BY idx");
  std::vector<Layer> layers;
  while (row.next()) {
    Layer& layer = layers.emplace_back();
    layer.index = row.count();
    layer.name = row.text();
    layer.kind = row.named<AttnKind>();
    layer.nHeads = row.count();
    layer.headDim = row.count();
    row.require(layer.nHeads <= kMaxHeads, "a layer has more heads than possible");
  }
  return layers;
}

std::vector<Step> TraceReader::steps() const {
  Rows row = m_impl->rows("SELECT idx, sigma, timestep, start_ns, end_ns FROM step ORDER BY idx");
  std::vector<Step> steps;
  while (row.next()) {
    Step& step = steps.emplace_back();
    step.index = row.count();
    step.sigma = row.real();
    step.timestep = row.real();
    step.startNs = row.integer();
    step.endNs = row.integer();
    row.require(step.endNs >= step.startNs, "a step ends before it begins");
  }
  return steps;
}

std::vector<HealthCounter> TraceReader::health() const {
  Rows row = m_impl->rows("SELECT name, value FROM capture_health ORDER BY name");
  std::vector<HealthCounter> counters;
  while (row.next()) {
    std::string name = row.text();
    counters.push_back({std::move(name), row.integer()});
  }
  return counters;
}

std::vector<Diagnostic> TraceReader::diagnostics() const {
  Rows row = m_impl->rows("SELECT time_ns, severity, text FROM diagnostic ORDER BY rowid");
  std::vector<Diagnostic> diagnostics;
  while (row.next()) {
    Diagnostic& diagnostic = diagnostics.emplace_back();
    diagnostic.timeNs = row.integer();
    diagnostic.severity = row.text();
    diagnostic.text = row.text();
    const std::string& s = diagnostic.severity;
    row.require(s == "info" || s == "warning" || s == "error", "a diagnostic has no known severity");
  }
  return diagnostics;
}

std::vector<Circumstance> TraceReader::circumstances() const {
  if (m_impl->trace.version < 3) return {};
  Rows row = m_impl->rows("SELECT name, value FROM circumstance ORDER BY name");
  std::vector<Circumstance> circumstances;
  while (row.next()) {
    std::string name = row.text();
    circumstances.push_back({std::move(name), row.text()});
  }
  return circumstances;
}

std::vector<DeviceClock> TraceReader::deviceClocks() const {
  if (m_impl->trace.version < 3) return {};
  Rows row = m_impl->rows("SELECT device_id, time_ns, hz FROM device_clock ORDER BY device_id, time_ns");
  std::vector<DeviceClock> clocks;
  while (row.next()) {
    DeviceClock& clock = clocks.emplace_back();
    clock.deviceId = row.integer();
    clock.timeNs = row.integer();
    clock.hz = row.size();
  }
  return clocks;
}

std::vector<LaunchConfig> TraceReader::launchConfigs() const {
  Rows row = m_impl->rows(
      "SELECT c.id, s.value, grid_x, grid_y, grid_z, block_x, block_y, block_z, cluster_x,"
      " cluster_y, cluster_z, registers_per_thread, static_shared_bytes, dynamic_shared_bytes"
      " FROM launch_cfg c JOIN string s ON s.id = c.name_id ORDER BY c.id");
  std::vector<LaunchConfig> configs;
  while (row.next()) {
    row.require(row.integer() == int64_t(configs.size()) + 1,
                "the launch configurations are not numbered from 1");
    LaunchConfig& config = configs.emplace_back();
    config.name = row.text();
    for (auto* size : {&config.grid, &config.block, &config.cluster}) {
      for (int32_t& extent : *size) extent = row.count();
    }
    config.registersPerThread = row.count();
    config.staticSharedBytes = row.size();
    config.dynamicSharedBytes = row.size();
  }
  return configs;
}

std::vector<AttnCall> TraceReader::calls() const {
  Rows row = m_impl->rows(
      "SELECT id, step_idx, layer_idx, branch, kind, token_order, q_len, kv_len, block_q, block_k,"
      " plan, start_ns, kernel_ns, search_ns, record_ns, flops_dense, flops_done FROM attn_call ORDER BY id");
  std::vector<AttnCall> calls;
  while (row.next()) {
    AttnCall& call = calls.emplace_back();
    call.id = row.integer();
    call.step = row.count();
    call.layer = row.count();
    call.branch = row.named<Branch>();
    call.kind = row.named<AttnKind>();
    call.order = row.named<TokenOrder>();
    call.qLen = row.size();
    call.kvLen = row.size();
    call.blockQ = row.count();
    call.blockK = row.count();
    call.plan = row.text();
    call.startNs = row.integer();
    call.kernelNs = row.size();
    call.searchNs = row.size();
    call.recordNs = row.size();
    call.flopsDense = row.real();
    call.flopsDone = row.real();
  }
  return calls;
}

std::optional<int64_t> TraceReader::findCall(int32_t step, int32_t layer, Branch branch) const {
  Rows row =
      m_impl->rows("SELECT min(id) FROM attn_call WHERE step_idx = ? AND layer_idx = ? AND branch = ?");
  row.bindAll(step, layer, nameOf(branch));
  return row.next() ? row.optionalInteger() : std::nullopt;
}

int64_t TraceReader::kernelCount() const {
  Rows row = m_impl->rows("SELECT count(*) FROM kernel");
  return row.next() ? row.integer() : 0;
}

void TraceReader::forEachKernel(const std::function<void(const Kernel&)>& visit) const {
  Rows row = m_impl->rows(
      "SELECT device_id, cfg_id, start_ns, dur_ns, stream, correlation, call_id, link_method, flags"
      " FROM kernel ORDER BY start_ns");
  while (row.next()) {
    Kernel kernel;
    kernel.deviceId = row.integer();
    kernel.configId = row.count();
    kernel.startNs = row.integer();
    kernel.durationNs = row.size();
    kernel.stream = row.count();
    kernel.correlation = row.integer();
    kernel.callId = row.optionalInteger().value_or(0);
    kernel.link = row.numbered<LinkMethod>();
    kernel.flags = uint32_t(row.count());
    visit(kernel);
  }
}

}  // namespace ditscope::db
