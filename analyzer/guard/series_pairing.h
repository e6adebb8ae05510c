// SPDX-License-Identifier: Apache-2.0
// Finds the series of one set of runs in another.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "analyzer/guard/launch_series.h"

namespace ditscope::analyzer {

using RunsOfSeries = std::vector<const LaunchSeries*>;  // one a run that has the series
using SeriesOfRuns = std::map<SeriesKey, RunsOfSeries>;

struct SeriesPair {
  SeriesKey key;         // of the base
  std::string note;      // what differs in the new one
  std::string conflict;  // why the two may not be set side by side; empty = they may
  RunsOfSeries base, next;
};

struct Pairing {
  std::vector<SeriesPair> pairs;
  SeriesOfRuns onlyBase, onlyNew;
};

// First series with equal keys; of the rest those that a new build of the same kernel leaves (other registers
// or shared memory) and then the same kernel on another device, which is a conflict; both only where there is
// one candidate on each side.
[[nodiscard]] Pairing pairSeries(std::span<const RunSeries> base, std::span<const RunSeries> next);

}  // namespace ditscope::analyzer
