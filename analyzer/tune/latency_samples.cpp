// SPDX-License-Identifier: Apache-2.0
// Reads the measured launches of a trace; names of kernels tell what they computed (attention_kernel.cpp and
// bench_trace.cpp of the collector write them).
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <regex>

#include "analyzer/tune/latency_model.h"
#include "db/trace_reader.h"

namespace ditscope::analyzer {
namespace {

constexpr uint32_t kDoubtful = db::kZeroTime | db::kBeforeLaunch | db::kOrphan | db::kThrottled | db::kWarmup;

std::optional<std::smatch> matchName(const std::string& name, const std::regex& pattern) {
  constexpr size_t kLongestName = 200;  // std::regex recurses; a stranger's file may hold anything
  std::smatch match;
  if (name.size() > kLongestName || !std::regex_match(name, match, pattern)) return std::nullopt;
  return match;
}

int64_t blocksOf(int64_t tokens, int64_t block) {
  return block > 0 ? (tokens + block - 1) / block : 0;
}

std::map<int64_t, db::Device> devicesById(const db::TraceReader& reader) {
  std::map<int64_t, db::Device> devices;
  for (const db::Device& device : reader.devices()) devices[device.id] = device;
  return devices;
}

// ---- of a benchmark

// What every launch with this configuration has in common; empty for other programs' and for statistics.
std::optional<LaunchSample> benchmarkOf(const std::string& name, const db::Device& device) {
  static const std::regex pattern(
      "ditscope-(f32|f16|bf16)(?:-density-([0-9.e-]{1,20}))? "
      "([0-9]{1,7})x([0-9]{1,7})x([0-9]{1,7})x([0-9]{1,4}) t([0-9]{1,4}) b([0-9]{1,4})");
  const auto match = matchName(name, pattern);
  if (!match) return std::nullopt;
  const auto number = [&](size_t group) { return std::stoll((*match)[group].str()); };
  const double density = (*match)[2].matched ? std::strtod((*match)[2].str().c_str(), nullptr) : 1;
  LaunchSample sample;
  sample.heads = number(3) * number(4);
  sample.queryBlocks = blocksOf(number(5), number(8));
  // The same number of key blocks in every row, at least one.
  const double perRow =
      std::clamp(std::round(density * double(sample.queryBlocks)), 1.0, double(sample.queryBlocks));
  sample.scoreBlocks = sample.valueBlocks = perRow * double(sample.queryBlocks) * double(sample.heads);
  const int64_t threads = number(7);
  sample.device =
      threads < device.smCount ? fmt::format("{}, threads: {}", device.name, threads) : device.name;
  sample.dtype = (*match)[1];
  sample.headDim = int32_t(number(6));
  sample.block = int32_t(number(8));
  return sample;
}

std::vector<LaunchSample> ofBenchmark(const db::TraceReader& reader) {
  const std::vector<db::LaunchConfig> configs = reader.launchConfigs();
  const std::map<int64_t, db::Device> devices = devicesById(reader);
  std::map<int32_t, std::optional<LaunchSample>> known;
  std::vector<LaunchSample> samples;
  reader.forEachKernel([&](const db::Kernel& kernel) {
    if ((kernel.flags & kDoubtful) != 0) return;
    const auto device = devices.find(kernel.deviceId);
    if (!known.contains(kernel.configId))
      known[kernel.configId] = benchmarkOf(configs.at(size_t(kernel.configId - 1)).name,
                                           device == devices.end() ? db::Device() : device->second);
    if (!known[kernel.configId]) return;
    samples.push_back(*known[kernel.configId]);
    samples.back().ns = double(kernel.durationNs);
  });
  return samples;
}

// ---- of a sampling run

struct Launches {  // of one call
  int64_t count = 0, heads = 0;
  bool doubtful = false;
  std::string device, dtype;
};

std::map<int64_t, Launches> launchesByCall(const db::TraceReader& reader) {
  static const std::regex pattern("[a-z]+_attention_(f32|f16|bf16)_d[0-9]+_b[0-9]+");
  const std::map<int64_t, db::Device> devices = devicesById(reader);
  std::vector<std::string> dtypes;  // of each configuration; empty = not our attention
  std::vector<int64_t> heads;
  for (const db::LaunchConfig& config : reader.launchConfigs()) {
    const auto match = matchName(config.name, pattern);
    dtypes.push_back(match ? (*match)[1].str() : "");
    heads.push_back(config.grid[1]);
  }
  std::map<int64_t, Launches> calls;
  reader.forEachKernel([&](const db::Kernel& kernel) {
    const auto config = size_t(kernel.configId - 1);
    if (kernel.callId == 0 || config >= dtypes.size() || dtypes[config].empty()) return;
    Launches& launches = calls[kernel.callId];
    ++launches.count;
    launches.heads += heads[config];
    launches.doubtful = launches.doubtful || (kernel.flags & kDoubtful) != 0;
    launches.dtype = dtypes[config];
    const auto device = devices.find(kernel.deviceId);
    if (device != devices.end()) launches.device = device->second.name;
  });
  return calls;
}

// Adds the blocks of the call's heads; false where a density is not known.
bool addBlocks(std::span<const db::HeadRow> heads, double blocks, LaunchSample& sample) {
  for (const db::HeadRow& head : heads) {
    const auto qk = double(head.stats.densityQk), pv = double(head.stats.densityPv);
    if (std::isnan(qk)) return false;
    sample.scoreBlocks += qk * blocks;
    sample.valueBlocks += (std::isnan(pv) ? qk : pv) * blocks;
  }
  return true;
}

std::vector<LaunchSample> ofSampling(const db::TraceReader& reader) {
  const std::string dtype = shortDtype(reader.run().dtype);
  const std::vector<db::Device> devices = reader.devices();
  std::map<int64_t, Launches> launches = launchesByCall(reader);
  std::map<int32_t, int32_t> headDims;
  for (const db::Layer& layer : reader.layers()) headDims[layer.index] = layer.headDim;
  std::map<int64_t, std::vector<db::HeadRow>> heads;
  for (const db::HeadRow& head : reader.heads()) heads[head.callId].push_back(head);

  const std::vector<db::AttnCall> calls = reader.calls();
  if (calls.empty()) return {};
  const int32_t warmup = std::ranges::min(calls, {}, &db::AttnCall::step).step;
  std::vector<LaunchSample> samples;
  for (const db::AttnCall& call : calls) {
    const std::vector<db::HeadRow>& rows = heads[call.id];
    if (call.kind == db::AttnKind::Cross || call.step == warmup || call.kernelNs <= 0 || rows.empty())
      continue;
    const auto found = launches.find(call.id);
    LaunchSample sample;
    sample.queryBlocks = blocksOf(call.qLen, call.blockQ);
    sample.ns = double(call.kernelNs);
    sample.headDim = headDims[call.layer];
    sample.block = call.blockQ;
    sample.heads = int64_t(rows.size());
    sample.dtype = dtype;
    sample.device = devices.empty() ? "" : devices.front().name;
    if (found != launches.end()) {
      if (found->second.doubtful) continue;
      sample.launches = found->second.count;
      sample.heads = found->second.heads;
      sample.dtype = found->second.dtype;
      sample.device = found->second.device;
    }
    const double blocks = double(sample.queryBlocks) * double(blocksOf(call.kvLen, call.blockK));
    if (addBlocks(rows, blocks, sample)) samples.push_back(std::move(sample));
  }
  return samples;
}

}  // namespace

std::vector<LaunchSample> launchSamples(const std::filesystem::path& trace) {
  const db::TraceReader reader(trace);
  return reader.run().source == "bench" ? ofBenchmark(reader) : ofSampling(reader);
}

}  // namespace ditscope::analyzer
