// SPDX-License-Identifier: Apache-2.0
// The launches of a trace, sorted into series: launches of one kernel with one launch configuration for one
// problem on one device, whose times may be set side by side.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "analyzer/guard/screening.h"
#include "db/trace_reader.h"

namespace ditscope::analyzer {

struct SeriesKey {
  std::string kernel;
  std::array<int32_t, 9> extents{};  // grid, block, cluster
  // Of the attention call that a launch belongs to: kind, heads, lengths, dtype, blocks, plan, density to the
  // nearest eighth of a power of two. Empty without a call.
  std::string problem;
  std::string device;  // uuid; without one the name and, where there are several, the number
  // What a compiler may change without the kernel becoming another one.
  int32_t registersPerThread = 0;
  int64_t staticSharedBytes = 0, dynamicSharedBytes = 0;

  auto operator<=>(const SeriesKey&) const = default;
};

struct LaunchSeries {
  std::vector<Launch> launches;  // in order of time; of a long series a random part
  int64_t count = 0;             // of all
  double totalNs = 0;            // of all
  double deviceClockHz = 0;
};

struct RunSeries {  // of one trace
  std::string file;
  db::Run run;
  std::vector<db::Device> devices;
  std::vector<db::HealthCounter> losses;  // counters that are not zero
  std::vector<db::Circumstance> circumstances;
  std::map<SeriesKey, LaunchSeries> series;
};

struct SeriesOptions {
  size_t longestSeries = 4096;  // launches that are kept, chosen by seed
  uint64_t seed = 1;
  bool deviceModels = false;  // devices of one model are one device
};

[[nodiscard]] RunSeries readSeries(const std::string& file, const db::TraceReader& reader,
                                   const SeriesOptions& options = {});

// "name, grid 2x66x1, block 384x1x1, self 8 heads ..." for people; the same text for the same key.
[[nodiscard]] std::string describe(const SeriesKey& key);
[[nodiscard]] uint64_t hashOf(const SeriesKey& key);  // the same on any machine

}  // namespace ditscope::analyzer
