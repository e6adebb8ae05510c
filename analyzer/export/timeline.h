// SPDX-License-Identifier: Apache-2.0
// A run as the tracks, slices and samples that timeline viewers show: steps, layers, attention calls, kernels
// by device and stream, density and LSE drift over time. Times are ns from the start of the run. Slices of a
// track nest or follow each other: what overlaps lies on a further track of the same name with a number.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "analyzer/progress.h"
#include "db/trace_reader.h"

namespace ditscope::analyzer {

struct TimelineTrack {
  enum class Kind : uint8_t { Group, Slices, Counter };
  int64_t id = 0;
  int64_t parent = 0;  // of a group; 0 = none
  Kind kind = Kind::Slices;
  std::string name;
  std::string unit = {};  // of a counter
};

struct TimelineArg {
  std::string_view key;
  std::variant<int64_t, double, std::string_view> value;
};

struct TimelineSlice {
  int64_t track = 0;
  int64_t startNs = 0;
  int64_t durationNs = 0;
  std::string_view name;
  std::string_view category;
  int64_t flow = 0;         // slices with the same number are joined by arrows; 0 = none
  bool startsFlow = false;  // the arrows begin here
  std::span<const TimelineArg> args = {};
};

struct TimelineSample {
  int64_t track = 0;
  int64_t timeNs = 0;
  double value = 0;  // finite
};

// A track comes before what lies on it. What is passed lives until the function returns.
class TimelineSink {
 public:
  virtual ~TimelineSink() = default;
  virtual void track(const TimelineTrack& track) = 0;
  virtual void slice(const TimelineSlice& slice) = 0;
  virtual void sample(const TimelineSample& sample) = 0;
};

void walkTimeline(const db::TraceReader& reader, TimelineSink& sink, const Progress& progress);

}  // namespace ditscope::analyzer
