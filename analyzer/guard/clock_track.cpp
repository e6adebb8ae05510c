// SPDX-License-Identifier: Apache-2.0
#include "analyzer/guard/clock_track.h"

#include <algorithm>

namespace ditscope::analyzer {
namespace {

constexpr int64_t kNear = 1'000'000'000;  // ns

}  // namespace

ClockTrack::ClockTrack(const std::vector<db::DeviceClock>& clocks) {
  for (const db::DeviceClock& clock : clocks)
    if (clock.hz > 0) m_moments[clock.deviceId].push_back({clock.timeNs, double(clock.hz)});
}

double ClockTrack::during(int64_t deviceId, int64_t startNs, int64_t endNs) const {
  const auto device = m_moments.find(deviceId);
  if (device == m_moments.end()) return 0;
  const std::vector<Moment>& moments = device->second;
  const auto after = std::ranges::lower_bound(moments, endNs, {}, &Moment::ns);
  double sum = 0;
  int count = 0;
  if (after != moments.end() && after->ns - endNs <= kNear) sum += after->hz, ++count;
  if (after != moments.begin() && startNs - std::prev(after)->ns <= kNear)
    sum += std::prev(after)->hz, ++count;
  return count > 0 ? sum / count : 0;
}

}  // namespace ditscope::analyzer
