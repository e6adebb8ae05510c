// SPDX-License-Identifier: Apache-2.0
// Numbers the tracks of a timeline and spreads what overlaps over several of them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "analyzer/export/timeline.h"

namespace ditscope::analyzer {

class TrackNumbers {
 public:
  explicit TrackNumbers(TimelineSink& sink) : m_sink(sink) {}
  int64_t add(TimelineTrack track) {
    track.id = ++m_last;
    m_sink.track(track);
    return m_last;
  }

 private:
  TimelineSink& m_sink;
  int64_t m_last = 0;
};

// Slices that come by start time, on as few tracks as keep them apart.
class Lanes {
 public:
  Lanes(TrackNumbers& numbers, std::string name, int64_t parent = 0)
      : m_numbers(&numbers), m_name(std::move(name)), m_parent(parent) {}

  int64_t trackFor(int64_t startNs, int64_t durationNs) {
    size_t lane = 0;
    while (lane < m_lanes.size() && m_lanes[lane].endNs > startNs) ++lane;
    if (lane == m_lanes.size()) m_lanes.push_back({newTrack(), 0});
    m_lanes[lane].endNs = startNs + durationNs;
    return m_lanes[lane].track;
  }

 private:
  struct Lane {
    int64_t track = 0;
    int64_t endNs = 0;
  };
  int64_t newTrack() {
    const std::string number = m_lanes.empty() ? "" : " (" + std::to_string(m_lanes.size() + 1) + ")";
    return m_numbers->add({.parent = m_parent, .name = m_name + number});
  }

  TrackNumbers* m_numbers;
  std::string m_name;
  int64_t m_parent;
  std::vector<Lane> m_lanes;
};

}  // namespace ditscope::analyzer
