// SPDX-License-Identifier: Apache-2.0
// Which launches of a kernel may speak for its speed. Nothing disappears: each launch that is set aside is
// counted under its reason.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace ditscope::analyzer {

struct Launch {
  double ns = 0;
  double clockHz = 0;  // of the processor while it ran; 0 = not known
  uint32_t flags = 0;  // db::KernelFlag
};

struct ScreeningRule {
  int64_t warmups = 1;      // first launches of a series in each run; those that are marked go in any case
  int64_t minSamples = 10;  // a run with fewer does not count
  double throttledClock = 0.75;  // of the device's own clock; below it a launch counts as throttled
};

struct ScreeningCounts {
  int64_t launches = 0;      // all
  int64_t warmup = 0;        // set aside: the first ones, and those that the recorder marked
  int64_t zeroTime = 0;      // set aside: the profiler got no time for them
  int64_t beforeLaunch = 0;  // set aside: they start before their launch, so that their clock is wrong
  int64_t throttled = 0;     // set aside unless the run has too few others
  [[nodiscard]] int64_t setAside() const { return warmup + zeroTime + beforeLaunch + throttled; }
  void add(const ScreeningCounts& other);
};

// Of one series in one run, in order of time.
struct RunSamples {
  std::vector<double> ns;
  std::vector<double> clockHz;  // beside ns where every clock is known, else empty
  ScreeningCounts counts;
  bool usesThrottled = false;  // without the throttled ones there were too few; counts.throttled are in ns
  double totalNs = 0;          // of all launches, also those set aside
};

// deviceClockHz: 0 = not known.
[[nodiscard]] RunSamples screen(std::span<const Launch> launches, double deviceClockHz,
                                const ScreeningRule& rule);

}  // namespace ditscope::analyzer
