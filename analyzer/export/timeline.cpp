// SPDX-License-Identifier: Apache-2.0
#include "analyzer/export/timeline.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <unordered_map>
#include <utility>

#include "analyzer/export/timeline_counters.h"
#include "analyzer/export/timeline_tracks.h"
#include "db/enum_names.h"

namespace ditscope::analyzer {
namespace {

constexpr int64_t kSpansPerReport = 4096;

struct TimelineFacts {
  std::vector<db::Step> steps;
  std::vector<db::AttnCall> calls;               // by start
  std::unordered_map<int64_t, size_t> place;     // of a call, by id
  std::map<int32_t, db::Layer> layers;           // by index
  std::unordered_map<int64_t, CallMeans> means;  // by call

  [[nodiscard]] std::string layerName(int32_t layer) const {
    const auto found = layers.find(layer);
    return found == layers.end() ? fmt::format("layer {}", layer) : found->second.name;
  }
};

TimelineFacts readTimelineFacts(const db::TraceReader& reader) {
  TimelineFacts facts;
  facts.steps = reader.steps();
  facts.calls = reader.calls();
  std::ranges::stable_sort(facts.steps, {}, &db::Step::startNs);
  std::ranges::stable_sort(facts.calls, {}, &db::AttnCall::startNs);
  for (size_t i = 0; i < facts.calls.size(); ++i) facts.place[facts.calls[i].id] = i;
  for (const db::Layer& layer : reader.layers()) facts.layers[layer.index] = layer;
  facts.means = callMeans(reader.heads());
  return facts;
}

int64_t durationOf(const db::AttnCall& call) {
  return call.searchNs + call.kernelNs + call.recordNs;
}

void addSteps(const TimelineFacts& facts, TrackNumbers& numbers, TimelineSink& sink) {
  Lanes lanes(numbers, "Steps");
  for (const db::Step& step : facts.steps) {
    const int64_t duration = step.endNs - step.startNs;
    std::vector<TimelineArg> args{{"step", int64_t{step.index}}};
    if (!std::isnan(step.sigma)) args.push_back({"sigma", step.sigma});
    if (!std::isnan(step.timestep)) args.push_back({"timestep", step.timestep});
    sink.slice({.track = lanes.trackFor(step.startNs, duration),
                .startNs = step.startNs,
                .durationNs = duration,
                .name = fmt::format("step {}", step.index),
                .category = "step",
                .args = args});
  }
}

// Cross attention, "blocks.3.attn2", belongs to the block of the self attention before it, "blocks.3".
bool isInside(const std::string& name, const std::string& block) {
  return name.starts_with(block) && (name.size() == block.size() || name[block.size()] == '.');
}

// The calls of a transformer block that follow each other, from the start of the first to the end of the
// last.
void addLayers(const TimelineFacts& facts, TrackNumbers& numbers, TimelineSink& sink) {
  Lanes lanes(numbers, "Layers");
  for (size_t i = 0; i < facts.calls.size();) {
    const db::AttnCall& first = facts.calls[i];
    const std::string name = facts.layerName(first.layer);
    int64_t endNs = first.startNs + durationOf(first);
    size_t next = i + 1;
    for (; next < facts.calls.size(); ++next) {
      const db::AttnCall& call = facts.calls[next];
      if (call.step != first.step || call.branch != first.branch ||
          !isInside(facts.layerName(call.layer), name))
        break;
      endNs = std::max(endNs, call.startNs + durationOf(call));
    }
    const std::vector<TimelineArg> args{{"step", int64_t{first.step}}, {"branch", db::nameOf(first.branch)}};
    sink.slice({.track = lanes.trackFor(first.startNs, endNs - first.startNs),
                .startNs = first.startNs,
                .durationNs = endNs - first.startNs,
                .name = name,
                .category = "layer",
                .args = args});
    i = next;
  }
}

std::vector<TimelineArg> argsOf(const db::AttnCall& call, const CallMeans& means) {
  std::vector<TimelineArg> args{{"step", int64_t{call.step}},
                                {"layer", int64_t{call.layer}},
                                {"branch", db::nameOf(call.branch)},
                                {"plan", std::string_view(call.plan)},
                                {"q_len", call.qLen},
                                {"kv_len", call.kvLen},
                                {"kernel_ns", call.kernelNs},
                                {"search_ns", call.searchNs},
                                {"record_ns", call.recordNs}};
  const auto add = [&](std::string_view key, double value) {
    if (!std::isnan(value)) args.push_back({key, value});
  };
  add("density", means.density.mean());
  add("recall", means.recall.mean());
  add("lse_drift", means.lseDrift.mean());
  add("error", means.error.mean());
  return args;
}

void addCalls(const TimelineFacts& facts, TrackNumbers& numbers, TimelineSink& sink) {
  Lanes lanes(numbers, "Attention calls");
  for (const db::AttnCall& call : facts.calls) {
    const auto means = facts.means.find(call.id);
    const std::vector<TimelineArg> args =
        argsOf(call, means == facts.means.end() ? CallMeans() : means->second);
    const std::string name = fmt::format("{} {}", facts.layerName(call.layer), db::nameOf(call.kind));
    const int64_t track = lanes.trackFor(call.startNs, durationOf(call));
    sink.slice({.track = track,
                .startNs = call.startNs,
                .durationNs = durationOf(call),
                .name = name,
                .category = "attention",
                .flow = call.id,
                .startsFlow = true,
                .args = args});
    if (call.recordNs == 0) continue;
    sink.slice({.track = track,
                .startNs = call.startNs + call.searchNs + call.kernelNs,
                .durationNs = call.recordNs,
                .name = "recording",
                .category = "attention"});
  }
}

// One group a device, one track a stream.
class KernelTracks {
 public:
  KernelTracks(const db::TraceReader& reader, const TimelineFacts& facts, TrackNumbers& numbers,
               TimelineSink& sink)
      : m_facts(facts), m_numbers(numbers), m_sink(sink), m_configs(reader.launchConfigs()) {
    for (const db::Device& device : reader.devices()) m_devices[device.id] = device;
    for (const db::LaunchConfig& c : m_configs) {
      m_grids.push_back(fmt::format("{}x{}x{}", c.grid[0], c.grid[1], c.grid[2]));
      m_blocks.push_back(fmt::format("{}x{}x{}", c.block[0], c.block[1], c.block[2]));
    }
  }

  void add(const db::Kernel& kernel) {
    std::vector<TimelineArg>& args = m_args;
    args.clear();
    const size_t config = size_t(kernel.configId) - 1;
    const bool isKnown = config < m_configs.size();
    if (isKnown) {
      args.push_back({"grid", std::string_view(m_grids[config])});
      args.push_back({"block", std::string_view(m_blocks[config])});
    }
    const auto place = m_facts.place.find(kernel.callId);
    if (place != m_facts.place.end()) {
      const db::AttnCall& call = m_facts.calls[place->second];
      args.push_back({"step", int64_t{call.step}});
      args.push_back({"layer", int64_t{call.layer}});
      args.push_back({"branch", db::nameOf(call.branch)});
    }
    m_sink.slice({.track = lanesOf(kernel).trackFor(kernel.startNs, kernel.durationNs),
                  .startNs = kernel.startNs,
                  .durationNs = kernel.durationNs,
                  .name = isKnown ? std::string_view(m_configs[config].name) : "kernel",
                  .category = "kernel",
                  .flow = place == m_facts.place.end() ? 0 : kernel.callId,
                  .args = args});
  }

 private:
  Lanes& lanesOf(const db::Kernel& kernel) {
    const std::pair key{kernel.deviceId, kernel.stream};
    const auto found = m_lanes.find(key);
    if (found != m_lanes.end()) return found->second;
    auto [group, isNew] = m_groups.try_emplace(kernel.deviceId, 0);
    if (isNew) {
      const db::Device& device = m_devices[kernel.deviceId];
      group->second = m_numbers.add({.kind = TimelineTrack::Kind::Group,
                                     .name = fmt::format("Device {} {}", device.ordinal, device.name)});
    }
    return m_lanes.try_emplace(key, m_numbers, fmt::format("Stream {}", kernel.stream), group->second)
        .first->second;
  }

  const TimelineFacts& m_facts;
  TrackNumbers& m_numbers;
  TimelineSink& m_sink;
  std::vector<db::LaunchConfig> m_configs;
  std::vector<std::string> m_grids, m_blocks;  // by configuration
  std::map<int64_t, db::Device> m_devices;
  std::map<int64_t, int64_t> m_groups;  // track, by device
  std::map<std::pair<int64_t, int32_t>, Lanes> m_lanes;
  std::vector<TimelineArg> m_args;  // reused
};

}  // namespace

void walkTimeline(const db::TraceReader& reader, TimelineSink& sink, const Progress& progress) {
  const TimelineFacts facts = readTimelineFacts(reader);
  TrackNumbers numbers(sink);
  addSteps(facts, numbers, sink);
  addLayers(facts, numbers, sink);
  addCalls(facts, numbers, sink);
  addCounters(
      facts.steps, facts.calls, facts.means, [&](int32_t layer) { return facts.layerName(layer); }, numbers,
      sink);
  KernelTracks kernels(reader, facts, numbers, sink);
  const int64_t total = reader.kernelCount();
  int64_t done = 0;
  reader.forEachKernel([&](const db::Kernel& kernel) {
    kernels.add(kernel);
    if (++done % kSpansPerReport == 0 && progress && !progress(done, total)) throw db::Cancelled();
  });
}

}  // namespace ditscope::analyzer
