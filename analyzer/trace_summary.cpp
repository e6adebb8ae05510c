// SPDX-License-Identifier: Apache-2.0
#include "analyzer/trace_summary.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <unordered_map>

namespace ditscope::analyzer {
namespace {

constexpr size_t kWorstHeads = 5;

double blocksOf(const db::AttnCall& call) {
  const auto blocks = [](int64_t length, int32_t block) {
    return block > 0 ? (length + block - 1) / block : length;
  };
  return static_cast<double>(blocks(call.qLen, call.blockQ)) *
         static_cast<double>(blocks(call.kvLen, call.blockK));
}

struct WeightedMean {
  double sum = 0;
  double weights = 0;
  void add(double value, double weight) {
    if (!std::isfinite(value)) return;
    sum += value * weight;
    weights += weight;
  }
  [[nodiscard]] double value() const { return weights > 0 ? sum / weights : kNaN; }
};

struct HeadRecall {
  Summary recall;
  double lowestP05 = kNaN;
  int32_t lowestStep = -1;
};

// Everything that needs a head's call beside the head.
void summariseHeads(const TraceFacts& facts, TraceSummary& summary) {
  std::unordered_map<int64_t, const db::AttnCall*> callOf;
  for (const db::AttnCall& call : facts.calls) callOf.emplace(call.id, &call);
  WeightedMean qkAll, pvAll, qkSparse, pvSparse;
  std::map<std::pair<int32_t, int32_t>, HeadRecall> recalls;
  for (const db::HeadRow& row : facts.heads) {
    const auto found = callOf.find(row.callId);
    if (found == callOf.end()) continue;
    const double blocks = blocksOf(*found->second);
    qkAll.add(row.stats.densityQk, blocks);
    pvAll.add(row.stats.densityPv, blocks);
    if (!isSparse(*found->second)) continue;
    qkSparse.add(row.stats.densityQk, blocks);
    pvSparse.add(row.stats.densityPv, blocks);
    summary.recallSparse.add(row.stats.recallMean);
    summary.recallP05Sparse.add(row.stats.recallP05);
    HeadRecall& head = recalls[{row.layer, row.head}];
    head.recall.add(row.stats.recallMean);
    if (std::isfinite(row.stats.recallP05) && !(row.stats.recallP05 >= head.lowestP05)) {
      head.lowestP05 = row.stats.recallP05;
      head.lowestStep = row.step;
    }
  }
  summary.densityAll = {qkAll.value(), pvAll.value()};
  summary.densitySparse = {qkSparse.value(), pvSparse.value()};
  for (const auto& [key, head] : recalls)
    if (head.recall.count > 0)
      summary.worstHeads.push_back(
          {key.first, key.second, head.recall.mean(), head.lowestP05, head.lowestStep});
  std::ranges::stable_sort(summary.worstHeads, {}, &WorstHead::recall);
  if (summary.worstHeads.size() > kWorstHeads) summary.worstHeads.resize(kWorstHeads);
}

TimeSplit splitTime(const TraceFacts& facts) {
  TimeSplit split;
  if (facts.calls.empty() || facts.steps.empty()) return split;
  double steps = 0;
  for (const db::Step& step : facts.steps) steps += static_cast<double>(step.endNs - step.startNs);
  split.attentionNs = split.searchNs = split.recordNs = 0;
  for (const db::AttnCall& call : facts.calls) {
    split.attentionNs += static_cast<double>(call.kernelNs);
    split.searchNs += static_cast<double>(call.searchNs);
    split.recordNs += static_cast<double>(call.recordNs);
  }
  split.samplingNs = steps - split.recordNs;
  const double other = split.samplingNs - split.attentionNs - split.searchNs;
  if (other >= 0) split.otherNs = other;
  return split;
}

double flopsShare(const std::vector<db::AttnCall>& calls) {
  double dense = 0;
  double done = 0;
  for (const db::AttnCall& call : calls) {
    dense += call.flopsDense;
    done += call.flopsDone;
  }
  return dense > 0 ? done / dense : kNaN;
}

}  // namespace

TraceFacts readFacts(const db::TraceReader& reader) {
  return {.run = reader.run(),
          .devices = reader.devices(),
          .layers = reader.layers(),
          .steps = reader.steps(),
          .health = reader.health(),
          .diagnostics = reader.diagnostics(),
          .calls = reader.calls(),
          .heads = reader.heads(),
          .kernelCount = reader.kernelCount()};
}

bool isSparse(const db::AttnCall& call) {
  // Of a call without a plan, as the capture of another profiler has them, nobody knows.
  return !call.plan.empty() && call.plan != "dense" && call.plan != "search";
}

TraceSummary summarise(const TraceFacts& facts) {
  TraceSummary summary;
  summary.run = facts.run;
  summary.devices = facts.devices;
  summary.stepsRecorded = std::ssize(facts.steps);
  summary.calls = std::ssize(facts.calls);
  summary.sparseCalls = std::ranges::count_if(facts.calls, isSparse);
  summary.cells = std::ssize(facts.heads);
  summary.kernels = facts.kernelCount;
  std::ranges::copy_if(facts.health, std::back_inserter(summary.losses),
                       [](const db::HealthCounter& counter) { return counter.value != 0; });
  summary.countersZero = std::ssize(facts.health) - std::ssize(summary.losses);
  std::ranges::copy_if(facts.diagnostics, std::back_inserter(summary.diagnostics),
                       [](const db::Diagnostic& diagnostic) { return diagnostic.severity != "info"; });
  summary.overheadMeasured = facts.run.overheadRatio > 0;
  summary.flopsShare = flopsShare(facts.calls);
  summary.time = splitTime(facts);
  summariseHeads(facts, summary);
  for (const db::HeadRow& row : facts.heads) summary.decisions.add(row.decision);
  return summary;
}

}  // namespace ditscope::analyzer
