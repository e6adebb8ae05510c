// SPDX-License-Identifier: Apache-2.0
#include "analyzer/import/capture_builder.h"

#include <algorithm>

namespace ditscope::analyzer {
namespace {

constexpr size_t kMaxMeanings = 100'000;  // then the cache starts anew
constexpr size_t kMaxMeaningBytes = 300;  // longer names are looked up each time

std::string_view withoutNumbers(std::string_view name) {
  size_t end = name.size();
  for (const std::string_view mark : {", op_id = ", ", seq = ", ", sizes = "})
    end = std::min(end, name.find(mark));
  return name.substr(0, end);
}

}  // namespace

bool startsKernel(std::string_view apiName) {
  return apiName.find("LaunchKernel") != std::string_view::npos ||
         apiName.find("LaunchCooperative") != std::string_view::npos;
}

CaptureBuilder::CaptureBuilder(const ImportRules& rules, const std::filesystem::path& spillFolder,
                               size_t memoryBytes)
    : kernels(spillFolder, memoryBytes),
      launches(spillFolder, memoryBytes),
      m_rules(rules),
      m_spillFolder(spillFolder),
      m_memoryBytes(memoryBytes) {}

size_t CaptureBuilder::LaneHash::operator()(const LaneInfo& lane) const {
  return mix(mix(uint64_t(lane.isStream), uint64_t(lane.process)), uint64_t(lane.thread));
}
bool CaptureBuilder::LaneEqual::operator()(const LaneInfo& a, const LaneInfo& b) const {
  return a.process == b.process && a.thread == b.thread && a.isStream == b.isStream;
}
size_t CaptureBuilder::ConfigHash::operator()(const KernelConfig& c) const {
  uint64_t hash = mix(uint64_t(c.name), uint64_t(c.registersPerThread));
  for (const auto* extents : {&c.grid, &c.block, &c.cluster})
    for (const int32_t extent : *extents) hash = mix(hash, uint64_t(extent));
  return mix(mix(hash, uint64_t(c.staticSharedBytes)), uint64_t(c.dynamicSharedBytes));
}

Lane CaptureBuilder::laneOf(const LaneInfo& lane) {
  if (const auto found = m_laneIds.find(lane); found != m_laneIds.end()) return found->second;
  if (m_lanes.size() == kMaxLanes) {
    count("rows_of_too_many_threads");
    return Lane(kMaxLanes - 1);
  }
  const auto id = Lane(m_lanes.size());
  m_lanes.push_back(lane);
  m_laneIds.emplace(lane, id);
  return id;
}

Lane CaptureBuilder::hostLane(int64_t process, int64_t thread) {
  return laneOf({process, thread, false});
}
Lane CaptureBuilder::streamLane(int32_t device, int32_t stream) {
  return laneOf({device, stream, true});
}

int32_t CaptureBuilder::device(int64_t ordinal) {
  if (const auto found = m_deviceIds.find(ordinal); found != m_deviceIds.end()) return found->second;
  if (devices.size() == kMaxDevices) {
    count("rows_of_too_many_devices");
    return int32_t(kMaxDevices - 1);
  }
  const auto index = int32_t(devices.size());
  db::Device device;
  device.ordinal = int32_t(std::clamp<int64_t>(ordinal, 0, 1 << 20));
  devices.push_back(device);
  m_deviceIds.emplace(ordinal, index);
  return index;
}

int32_t CaptureBuilder::kernelName(std::string_view name) {
  const int32_t id = m_names.idOf(name);
  while (m_nameIsAttention.size() < m_names.size())
    m_nameIsAttention.push_back(isAttentionKernel(m_rules, m_names.at(int32_t(m_nameIsAttention.size()))));
  return id;
}

int32_t CaptureBuilder::config(KernelConfig config) {
  for (auto* extents : {&config.grid, &config.block, &config.cluster})
    for (int32_t& extent : *extents) extent = std::max(extent, 0);
  config.registersPerThread = std::max(config.registersPerThread, 0);
  config.staticSharedBytes = std::max<int64_t>(config.staticSharedBytes, 0);
  config.dynamicSharedBytes = std::max<int64_t>(config.dynamicSharedBytes, 0);
  if (const auto found = m_configIds.find(config); found != m_configIds.end()) return found->second;
  if (m_configs.size() == kMaxConfigs) {
    count("kernels_of_too_many_configurations");
    return int32_t(kMaxConfigs - 1);
  }
  const auto index = int32_t(m_configs.size());
  m_configs.push_back(config);
  m_configIds.emplace(config, index);
  return index;
}

bool CaptureBuilder::isAttention(int32_t config) const {
  return m_nameIsAttention[size_t(m_configs[size_t(config)].name)];
}

void CaptureBuilder::add(const CapturedKernel& kernel) {
  ++rows;
  CapturedKernel row = kernel;
  if (row.durationNs < 0) {
    row.durationNs = 0;
    count("kernels_that_end_before_they_begin");
  }
  if (row.startNs <= 0 && row.durationNs == 0) {  // the profiler could not time it
    row.flags |= db::kZeroTime;
    count("kernels_without_time");
  }
  kernels.add(row);
}

void CaptureBuilder::add(const CapturedLaunch& launch) {
  ++rows;
  launches.add(launch);
}

const RangeMeaning& CaptureBuilder::meaning(std::string_view name) {
  const std::string_view key = withoutNumbers(name);
  if (const auto found = m_meanings.find(key); found != m_meanings.end()) return found->second;
  if (m_meanings.size() >= kMaxMeanings) m_meanings.clear();
  // One entry serves all long names, which are rare: it is made anew for each.
  const std::string_view place = key.size() <= kMaxMeaningBytes ? key : std::string_view();
  RangeMeaning& meaning = m_meanings[std::string(place)];
  meaning = meaningOf(m_rules, key);
  return meaning;
}

void CaptureBuilder::addRange(const CapturedRange& range, const RangeMeaning& meaning, std::string_view name,
                              int32_t payload) {
  for (const RangeMeaning::Part& part : meaning.parts) {
    if (ranges.size() >= kMaxRanges) {
      count("ranges_left_out");
      return;
    }
    CapturedRange row = range;
    row.endNs = std::max(row.endNs, row.startNs);
    row.kind = part.kind;
    row.pattern = part.pattern;
    row.number = part.number >= 0 ? part.number : payload;
    row.label = labels.idOf(name.substr(0, part.labelEnd));
    if (part.kind != RangeKind::Attention) row.shape = {};
    ranges.push_back(row);
    // Attention that carries the number of its layer names the layer, too.
    if (part.kind != RangeKind::Attention || row.number < 0) continue;
    row.kind = RangeKind::Layer;
    row.pattern = int16_t(m_rules.layers.size() + size_t(part.pattern));
    row.shape = {};
    ranges.push_back(row);
  }
}

int32_t CaptureBuilder::addKernelRange(const CapturedKernel& kernel) {
  if (ranges.size() >= kMaxRanges) {
    count("ranges_left_out");
    return -1;
  }
  CapturedRange row;
  row.startNs = row.endNs = kernel.launchNs;
  row.lane = kernel.lane;
  row.kind = RangeKind::AttentionKernel;
  if (kernel.graphNode != 0) {
    row.runLane = kernel.lane;
    row.runNs = kernel.launchNs;
    if (const auto origin = graphNodes.find(kernel.graphNode); origin != graphNodes.end()) {
      row.lane = origin->second.lane;
      row.startNs = row.endNs = origin->second.startNs;
    }
  }
  ranges.push_back(row);
  return int32_t(ranges.size()) - 1;
}

}  // namespace ditscope::analyzer
