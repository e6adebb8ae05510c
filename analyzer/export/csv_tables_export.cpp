// SPDX-License-Identifier: Apache-2.0
// A folder with one CSV table each of runs, devices, steps, layers, calls, heads and kernels, for
// spreadsheets, pandas and databases. Columns have the names of the trace's own; heads have the keys of
// `ditscope heads --csv`. Times are integer ns, what was not measured is an empty cell.
#include <fmt/format.h>

#include <map>
#include <string>
#include <system_error>
#include <vector>

#include "analyzer/export/trace_export.h"
#include "analyzer/machine_text.h"
#include "analyzer/part_file.h"
#include "analyzer/quantity.h"
#include "db/enum_names.h"
#include "db/error.h"

namespace ditscope::analyzer {
namespace {

constexpr int64_t kKernelsPerReport = 4096;

using Cells = std::vector<std::string>;

std::string number(int64_t value) {
  return std::to_string(value);
}
std::string word(std::string_view text) {
  return csvText(text);
}

class Table {
 public:
  Table(const std::filesystem::path& folder, const char* name, const Cells& header) : m_file(folder / name) {
    add(header);
  }
  void add(const Cells& cells) { m_file.write(csvLine(cells)); }
  void commit() { m_file.commit(); }

 private:
  PartFile m_file;
};

void writeRun(const db::TraceReader& reader, const std::filesystem::path& folder) {
  Table table(folder, "run.csv", {"name", "value"});
  const db::Run r = reader.run();
  for (const auto& [name, value] : {std::pair<const char*, std::string>{"uuid", r.uuid},
                                    {"group_uuid", r.groupUuid},
                                    {"rank", number(r.rank)},
                                    {"started_utc_ns", number(r.startedUtcNs)},
                                    {"duration_ns", number(r.durationNs)},
                                    {"tool", r.tool},
                                    {"source", r.source},
                                    {"model", r.model},
                                    {"scheduler", r.scheduler},
                                    {"method", r.method},
                                    {"record", std::string(db::nameOf(r.record))},
                                    {"n_steps", number(r.nSteps)},
                                    {"n_layers", number(r.nLayers)},
                                    {"n_heads", number(r.nHeads)},
                                    {"seq_len", number(r.seqLen)},
                                    {"block_q", number(r.blockQ)},
                                    {"block_k", number(r.blockK)},
                                    {"dtype", r.dtype},
                                    {"seed", number(r.seed)},
                                    {"guidance", csvNumber(r.guidance)},
                                    {"git_commit", r.gitCommit},
                                    {"torch", r.torch},
                                    {"cuda", r.cuda},
                                    {"driver", r.driver}}) {
    table.add({name, word(value)});
  }
  table.commit();
}

void writePlaces(const db::TraceReader& reader, const std::filesystem::path& folder) {
  Table devices(folder, "devices.csv", {"ordinal", "uuid", "name", "sm_count", "memory_bytes", "clock_hz"});
  for (const db::Device& d : reader.devices())
    devices.add({number(d.ordinal), word(d.uuid), word(d.name), number(d.smCount), number(d.memoryBytes),
                 number(d.clockHz)});
  devices.commit();
  Table steps(folder, "steps.csv", {"step", "sigma", "timestep", "start_ns", "end_ns"});
  for (const db::Step& s : reader.steps())
    steps.add(
        {number(s.index), csvNumber(s.sigma), csvNumber(s.timestep), number(s.startNs), number(s.endNs)});
  steps.commit();
  Table layers(folder, "layers.csv", {"layer", "name", "kind", "n_heads", "head_dim"});
  for (const db::Layer& l : reader.layers())
    layers.add(
        {number(l.index), word(l.name), word(db::nameOf(l.kind)), number(l.nHeads), number(l.headDim)});
  layers.commit();
}

using Calls = std::map<int64_t, db::AttnCall>;  // by id

void writeCalls(const Calls& calls, const std::filesystem::path& folder) {
  Table table(folder, "calls.csv",
              {"call_id", "step", "layer", "branch", "kind", "plan", "q_len", "kv_len", "block_q", "block_k",
               "start_ns", "kernel_ns", "search_ns", "record_ns", "flops_dense", "flops_done"});
  for (const auto& [id, c] : calls)
    table.add({number(id), number(c.step), number(c.layer), word(db::nameOf(c.branch)),
               word(db::nameOf(c.kind)), word(c.plan), number(c.qLen), number(c.kvLen), number(c.blockQ),
               number(c.blockK), number(c.startNs), number(c.kernelNs), number(c.searchNs),
               number(c.recordNs), csvNumber(c.flopsDense), csvNumber(c.flopsDone)});
  table.commit();
}

void writeHeads(const db::TraceReader& reader, const std::filesystem::path& folder) {
  Cells header{"call_id", "step", "layer", "head", "branch"};
  for (const QuantityInfo& q : quantities()) header.emplace_back(q.key);
  for (const char* name : {"time_method", "method", "choice", "threshold", "source_step", "token_order"})
    header.emplace_back(name);
  Table table(folder, "heads.csv", header);
  for (const db::HeadRow& h : reader.heads()) {
    Cells cells{number(h.callId), number(h.step), number(h.layer), number(h.head),
                word(db::nameOf(h.branch))};
    for (const QuantityInfo& q : quantities()) cells.push_back(csvNumber(valueOf(h, q.quantity)));
    const db::HeadDecision& d = h.decision;
    for (const std::string& cell :
         {word(db::nameOf(h.stats.timeMethod)), word(d.method), word(d.choice), csvNumber(d.threshold),
          d.sourceStep < 0 ? std::string() : number(d.sourceStep), word(db::nameOf(d.order))})
      cells.push_back(cell);
    table.add(cells);
  }
  table.commit();
}

void writeKernels(const db::TraceReader& reader, const Calls& calls, const std::filesystem::path& folder,
                  const Progress& progress) {
  Table table(folder, "kernels.csv",
              {"name",
               "device",
               "stream",
               "start_ns",
               "dur_ns",
               "grid_x",
               "grid_y",
               "grid_z",
               "block_x",
               "block_y",
               "block_z",
               "registers_per_thread",
               "static_shared_bytes",
               "dynamic_shared_bytes",
               "correlation",
               "flags",
               "link",
               "call_id",
               "step",
               "layer",
               "branch"});
  const std::vector<db::LaunchConfig> configs = reader.launchConfigs();
  std::map<int64_t, int32_t> ordinals;
  for (const db::Device& device : reader.devices()) ordinals[device.id] = device.ordinal;
  const int64_t total = reader.kernelCount();
  int64_t done = 0;
  reader.forEachKernel([&](const db::Kernel& k) {
    const size_t place = size_t(k.configId) - 1;
    const db::LaunchConfig c = place < configs.size() ? configs[place] : db::LaunchConfig{};
    Cells cells{word(c.name),
                number(ordinals[k.deviceId]),
                number(k.stream),
                number(k.startNs),
                number(k.durationNs),
                number(c.grid[0]),
                number(c.grid[1]),
                number(c.grid[2]),
                number(c.block[0]),
                number(c.block[1]),
                number(c.block[2]),
                number(c.registersPerThread),
                number(c.staticSharedBytes),
                number(c.dynamicSharedBytes),
                number(k.correlation),
                number(k.flags),
                word(db::nameOf(k.link))};
    const auto call = calls.find(k.callId);
    if (call == calls.end()) {
      cells.resize(cells.size() + 4);
    } else {
      for (const int64_t value : {k.callId, int64_t{call->second.step}, int64_t{call->second.layer}})
        cells.push_back(number(value));
      cells.push_back(word(db::nameOf(call->second.branch)));
    }
    table.add(cells);
    if (++done % kKernelsPerReport == 0 && progress && !progress(done, total)) throw db::Cancelled();
  });
  table.commit();
}

void writeTables(const db::TraceReader& reader, const std::filesystem::path& folder,
                 const Progress& progress) {
  Calls calls;
  for (const db::AttnCall& call : reader.calls()) calls[call.id] = call;
  writeKernels(reader, calls, folder, progress);  // what takes long and can be cancelled comes first
  writeRun(reader, folder);
  writePlaces(reader, folder);
  writeCalls(calls, folder);
  writeHeads(reader, folder);
}

void writeCsvTables(const db::TraceReader& reader, const std::filesystem::path& folder,
                    const Progress& progress) {
  std::error_code error;
  const bool isNew = std::filesystem::create_directory(folder, error);
  if (error)
    throw db::Error(db::Error::Kind::BadInput, "cannot make the folder " + folder.string(), error.message(),
                    "give the name of a folder, in one that exists and that you may write to");
  try {
    writeTables(reader, folder, progress);
  } catch (...) {
    if (isNew) std::filesystem::remove(folder, error);  // only an empty one
    throw;
  }
}

}  // namespace

TraceExport csvTablesExport() {
  return {"csv-tables", "CSV tables of steps, layers, calls, heads and kernels", "a folder", writeCsvTables};
}

}  // namespace ditscope::analyzer
