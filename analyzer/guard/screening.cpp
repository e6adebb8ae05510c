// SPDX-License-Identifier: Apache-2.0
#include "analyzer/guard/screening.h"

#include <algorithm>

#include "db/model.h"

namespace ditscope::analyzer {

void ScreeningCounts::add(const ScreeningCounts& other) {
  launches += other.launches;
  warmup += other.warmup;
  zeroTime += other.zeroTime;
  beforeLaunch += other.beforeLaunch;
  throttled += other.throttled;
}

RunSamples screen(std::span<const Launch> launches, double deviceClockHz, const ScreeningRule& rule) {
  RunSamples run;
  std::vector<Launch> full, throttled;
  int64_t place = 0;
  for (const Launch& launch : launches) {
    ++run.counts.launches;
    run.totalNs += launch.ns;
    const bool slowClock =
        launch.clockHz > 0 && deviceClockHz > 0 && launch.clockHz < rule.throttledClock * deviceClockHz;
    if ((launch.flags & db::kZeroTime) != 0 || launch.ns <= 0) {
      ++run.counts.zeroTime;
    } else if ((launch.flags & db::kBeforeLaunch) != 0) {
      ++run.counts.beforeLaunch;
    } else if (const bool first = place++ < rule.warmups; first || (launch.flags & db::kWarmup) != 0) {
      ++run.counts.warmup;
    } else if ((launch.flags & db::kThrottled) != 0 || slowClock) {
      ++run.counts.throttled;
      throttled.push_back(launch);
    } else {
      full.push_back(launch);
    }
  }
  run.usesThrottled = int64_t(full.size()) < rule.minSamples && !throttled.empty();
  if (run.usesThrottled) full.insert(full.end(), throttled.begin(), throttled.end());
  const bool clocks = std::ranges::all_of(full, [](const Launch& launch) { return launch.clockHz > 0; });
  for (const Launch& launch : full) {
    run.ns.push_back(launch.ns);
    if (clocks) run.clockHz.push_back(launch.clockHz);
  }
  return run;
}

}  // namespace ditscope::analyzer
