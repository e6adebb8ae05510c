// SPDX-License-Identifier: Apache-2.0
// Density and LSE drift over time, as counters of a timeline: a track for all layers with one value a step,
// and one for each layer and guidance branch with one value a call. Means over heads; what was not measured
// has no sample.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <unordered_map>

#include "analyzer/export/timeline_tracks.h"
#include "analyzer/statistics.h"

namespace ditscope::analyzer {

struct CallMeans {  // over the heads of a call
  Summary density, recall, lseDrift, error;
};
[[nodiscard]] std::unordered_map<int64_t, CallMeans> callMeans(std::span<const db::HeadRow> heads);

// `calls` by start time.
void addCounters(std::span<const db::Step> steps, std::span<const db::AttnCall> calls,
                 const std::unordered_map<int64_t, CallMeans>& means,
                 const std::function<std::string(int32_t layer)>& layerName, TrackNumbers& numbers,
                 TimelineSink& sink);

}  // namespace ditscope::analyzer
