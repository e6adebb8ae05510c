// SPDX-License-Identifier: Apache-2.0
#include "analyzer/export/timeline_counters.h"

#include <fmt/format.h>

#include <map>
#include <utility>

#include "db/enum_names.h"

namespace ditscope::analyzer {
namespace {

struct Counter {
  const char* name;
  const char* unit;
  Summary CallMeans::*value;
};
constexpr Counter kCounters[] = {{"Density", "share", &CallMeans::density},
                                 {"LSE drift", "nats", &CallMeans::lseDrift}};

using CounterPlace = std::pair<int32_t, db::Branch>;

}  // namespace

std::unordered_map<int64_t, CallMeans> callMeans(std::span<const db::HeadRow> heads) {
  std::unordered_map<int64_t, CallMeans> means;
  for (const db::HeadRow& head : heads) {
    CallMeans& m = means[head.callId];
    m.density.add(head.stats.densityQk);
    m.recall.add(head.stats.recallMean);
    m.lseDrift.add(head.stats.lseDriftMean);
    m.error.add(head.stats.errorL1);
  }
  return means;
}

void addCounters(std::span<const db::Step> steps, std::span<const db::AttnCall> calls,
                 const std::unordered_map<int64_t, CallMeans>& means,
                 const std::function<std::string(int32_t layer)>& layerName, TrackNumbers& numbers,
                 TimelineSink& sink) {
  for (const Counter& counter : kCounters) {
    std::map<int32_t, Summary> ofStep;
    std::map<CounterPlace, std::string> places;  // that have a value
    for (const db::AttnCall& call : calls) {
      const auto found = means.find(call.id);
      if (found == means.end() || (found->second.*counter.value).count == 0) continue;
      ofStep[call.step].add((found->second.*counter.value).mean());
      places.try_emplace({call.layer, call.branch},
                         fmt::format("{} {}", layerName(call.layer), db::nameOf(call.branch)));
    }
    if (places.empty()) continue;
    const int64_t group = numbers.add({.kind = TimelineTrack::Kind::Group, .name = counter.name});
    const auto addTrack = [&](const std::string& name) {
      return numbers.add({.parent = group,
                          .kind = TimelineTrack::Kind::Counter,
                          .name = fmt::format("{} {}", counter.name, name),
                          .unit = counter.unit});
    };
    const int64_t all = addTrack("all layers");
    for (const db::Step& step : steps)
      if (ofStep.contains(step.index)) sink.sample({all, step.startNs, ofStep[step.index].mean()});
    std::map<CounterPlace, int64_t> tracks;
    for (const auto& [place, name] : places) tracks[place] = addTrack(name);
    for (const db::AttnCall& call : calls) {
      const auto found = means.find(call.id);
      if (found == means.end() || (found->second.*counter.value).count == 0) continue;
      sink.sample({tracks[{call.layer, call.branch}], call.startNs, (found->second.*counter.value).mean()});
    }
  }
}

}  // namespace ditscope::analyzer
