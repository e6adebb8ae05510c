// SPDX-License-Identifier: Apache-2.0
#include "analyzer/import/step_finder.h"

#include <algorithm>
#include <limits>

namespace ditscope::analyzer {

StepFinder::StepFinder(const CaptureBuilder& capture) : m_capture(capture) {
  int16_t best = std::numeric_limits<int16_t>::max();
  for (const CapturedRange& range : capture.ranges)
    if (range.kind == RangeKind::Step) best = std::min(best, range.pattern);
  for (const CapturedRange& range : capture.ranges)
    if (range.kind == RangeKind::Step && range.pattern == best) {
      m_byGroup[groupOf(range.lane)].push_back({range.number, range.startNs, range.endNs});
      m_label = range.label;
    }
  // A module's name ends in a number that tells modules apart, not its calls: DiT_0 runs once a step. Then,
  // and without numbers, the ranges are counted.
  for (auto& [group, steps] : m_byGroup) {
    std::ranges::stable_sort(steps, {}, &StepRange::startNs);
    std::vector<int32_t> numbers;
    for (const StepRange& step : steps) numbers.push_back(step.number);
    std::ranges::sort(numbers);
    const bool repeats = std::ranges::adjacent_find(numbers) != numbers.end();
    if (!repeats && numbers.front() >= 0) continue;
    for (size_t i = 0; i < steps.size(); ++i) steps[i].number = int32_t(i);
  }
}

StepFinder::Group StepFinder::groupOf(Lane lane) const {
  const LaneInfo& info = m_capture.lanes()[size_t(lane)];
  return info.isStream ? Group(true, lane) : Group(false, info.process);
}

std::optional<int32_t> StepFinder::stepAt(Lane lane, int64_t timeNs) const {
  const auto found = m_byGroup.find(groupOf(lane));
  if (found == m_byGroup.end()) return std::nullopt;
  const std::vector<StepRange>& steps = found->second;
  auto after = std::ranges::upper_bound(steps, timeNs, {}, &StepRange::startNs);
  if (after == steps.begin()) return std::nullopt;
  --after;
  return timeNs <= after->endNs ? std::optional(after->number) : std::nullopt;
}

std::vector<db::Step> StepFinder::steps() const {
  std::map<int32_t, db::Step> byNumber;
  const bool onHost = !m_byGroup.empty() && !m_byGroup.begin()->first.first;
  for (const auto& [group, steps] : m_byGroup) {
    if (onHost && group.first) break;  // where the host has them, a stream only repeats them
    for (const StepRange& range : steps) {
      const auto [place, isNew] = byNumber.try_emplace(range.number);
      db::Step& step = place->second;
      step.index = range.number;
      step.startNs = isNew ? range.startNs : std::min(step.startNs, range.startNs);
      step.endNs = isNew ? range.endNs : std::max(step.endNs, range.endNs);
    }
  }
  std::vector<db::Step> all;
  for (const auto& [number, step] : byNumber) all.push_back(step);
  return all;
}

}  // namespace ditscope::analyzer
