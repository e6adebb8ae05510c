// SPDX-License-Identifier: Apache-2.0
#include "analyzer/guard/launch_series.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <unordered_map>

#include "analyzer/guard/clock_track.h"
#include "analyzer/statistics.h"
#include "db/enum_names.h"

namespace ditscope::analyzer {
namespace {

std::map<int64_t, std::string> deviceNames(std::span<const db::Device> devices, bool models) {
  std::map<int64_t, std::string> names;
  for (const db::Device& device : devices) {
    const auto sameName = [&](const db::Device& other) { return other.name == device.name; };
    const bool alone = std::ranges::count_if(devices, sameName) == 1;
    names[device.id] = models || (device.uuid.empty() && alone) ? device.name
                       : !device.uuid.empty()                   ? device.uuid
                                              : fmt::format("{} #{}", device.name, device.ordinal);
  }
  return names;
}

std::string densityText(double density) {
  if (std::isnan(density) || density <= 0) return "";
  return fmt::format(" density {:.3g}", std::exp2(std::round(8 * std::log2(density)) / 8));
}

// What was computed, by id of the attention call.
std::unordered_map<int64_t, std::string> problems(const db::TraceReader& reader, const db::Run& run) {
  std::unordered_map<int64_t, std::string> texts;
  const std::vector<db::AttnCall> calls = reader.calls();
  if (calls.empty()) return texts;
  std::unordered_map<int64_t, Summary> densities;
  for (const db::HeadRow& head : reader.heads()) densities[head.callId].add(double(head.stats.densityQk));
  std::map<int32_t, db::Layer> layers;
  for (const db::Layer& layer : reader.layers()) layers[layer.index] = layer;
  for (const db::AttnCall& call : calls) {
    const db::Layer& layer = layers[call.layer];
    texts[call.id] = fmt::format("{} {} heads {}x{}x{} {} blocks {}x{} {}{}", db::nameOf(call.kind),
                                 layer.nHeads, call.qLen, call.kvLen, layer.headDim, run.dtype, call.blockQ,
                                 call.blockK, call.plan, densityText(densities[call.id].mean()));
  }
  return texts;
}

// Keeps each launch of a series with the same chance (reservoir sampling).
class Reservoir {
 public:
  explicit Reservoir(const SeriesOptions& options)
      : m_longest(options.longestSeries), m_random(options.seed) {}
  void add(LaunchSeries& series, const Launch& launch) {
    series.totalNs += launch.ns;
    const auto seen = uint64_t(++series.count);
    if (series.launches.size() < m_longest) {
      series.launches.push_back(launch);
    } else if (const uint64_t place = m_random() % seen; place < m_longest) {
      series.launches.erase(series.launches.begin() + std::ptrdiff_t(place));
      series.launches.push_back(launch);
    }
  }

 private:
  size_t m_longest;
  std::mt19937_64 m_random;
};

}  // namespace

RunSeries readSeries(const std::string& file, const db::TraceReader& reader, const SeriesOptions& options) {
  RunSeries result;
  result.file = file;
  result.run = reader.run();
  result.devices = reader.devices();
  for (const db::HealthCounter& counter : reader.health())
    if (counter.value != 0) result.losses.push_back(counter);
  result.circumstances = reader.circumstances();
  const ClockTrack track(reader.deviceClocks());
  const auto texts = problems(reader, result.run);
  const auto names = deviceNames(result.devices, options.deviceModels);
  std::map<int64_t, double> clocks;
  for (const db::Device& device : result.devices) clocks[device.id] = double(device.clockHz);
  const std::vector<db::LaunchConfig> configs = reader.launchConfigs();

  Reservoir reservoir(options);
  // By configuration, device and problem, so that a key is made once a series and not once a launch.
  std::map<std::tuple<int32_t, int64_t, std::string_view>, LaunchSeries*> known;
  reader.forEachKernel([&](const db::Kernel& kernel) {
    const auto problem = texts.find(kernel.callId);
    const std::string_view text = problem == texts.end() ? std::string_view() : problem->second;
    LaunchSeries*& series = known[{kernel.configId, kernel.deviceId, text}];
    if (series == nullptr) {
      const db::LaunchConfig& c = configs.at(size_t(kernel.configId - 1));
      const auto name = names.find(kernel.deviceId);
      SeriesKey key{.kernel = c.name,
                    .problem = std::string(text),
                    .device = name == names.end() ? std::string() : name->second,
                    .registersPerThread = c.registersPerThread,
                    .staticSharedBytes = c.staticSharedBytes,
                    .dynamicSharedBytes = c.dynamicSharedBytes};
      auto place = key.extents.begin();
      for (const auto* extent : {&c.grid, &c.block, &c.cluster})
        place = std::copy(std::begin(*extent), std::end(*extent), place);
      series = &result.series[key];
      series->deviceClockHz = clocks[kernel.deviceId];
    }
    const double clock = track.during(kernel.deviceId, kernel.startNs, kernel.startNs + kernel.durationNs);
    reservoir.add(*series, {double(kernel.durationNs), clock, kernel.flags});
  });
  return result;
}

std::string describe(const SeriesKey& key) {
  const auto extent = [&](size_t first) {
    return fmt::format("{}x{}x{}", key.extents[first], key.extents[first + 1], key.extents[first + 2]);
  };
  std::string text = key.kernel;
  if (extent(0) != "1x1x1" || extent(3) != "1x1x1")
    text += fmt::format(", grid {}, block {}", extent(0), extent(3));
  if (extent(6) != "1x1x1" && extent(6) != "0x0x0") text += fmt::format(", cluster {}", extent(6));
  if (!key.problem.empty()) text += ", " + key.problem;
  return text;
}

uint64_t hashOf(const SeriesKey& key) {
  uint64_t hash = 14695981039346656037U;  // FNV-1a
  const std::string text = fmt::format("{}\n{}\n{} {} {}", describe(key), key.device, key.registersPerThread,
                                       key.staticSharedBytes, key.dynamicSharedBytes);
  for (const char c : text) hash = (hash ^ uint64_t(uint8_t(c))) * 1099511628211U;
  return hash;
}

}  // namespace ditscope::analyzer
