// SPDX-License-Identifier: Apache-2.0
#include "analyzer/drift.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "db/error.h"

namespace ditscope::analyzer {
namespace {

HeadDrift emptyDrift(int32_t layer, db::Branch branch, int32_t head, size_t steps) {
  const std::vector<double> nothing(steps, kNaN);
  return {
      .layer = layer, .branch = branch, .head = head, .lse = nothing, .lseSigned = nothing, .mask = nothing};
}

double maskChange(const std::optional<db::BlockMask>& now, const std::optional<db::BlockMask>& reference) {
  if (!now || !reference || now->rows() != reference->rows() || now->cols() != reference->cols()) return kNaN;
  return 1.0 - db::jaccard(*now, *reference);
}

// What the heads of one layer and branch stored at a step, in the order of their HeadDrifts.
struct Snapshot {
  db::AttnCall call;
  std::vector<std::optional<std::vector<float>>> lse;
  std::vector<std::optional<db::BlockMask>> mask;

  [[nodiscard]] bool empty() const {
    const auto missing = [](const auto& entry) { return !entry.has_value(); };
    return std::ranges::all_of(lse, missing) && std::ranges::all_of(mask, missing);
  }
};

Snapshot readSnapshot(const db::TraceReader& reader, const db::AttnCall& call,
                      std::span<const HeadDrift> heads) {
  Snapshot snapshot{.call = call, .lse = {}, .mask = {}};
  for (const HeadDrift& head : heads) {
    snapshot.lse.push_back(reader.lseBlocks(call.id, head.head));
    snapshot.mask.push_back(reader.mask(call.id, head.head));
  }
  return snapshot;
}

// Rows and blocks of another token order speak of other tokens: nothing is compared then.
void compare(const Snapshot& now, const Snapshot& reference, size_t at, std::span<HeadDrift> heads) {
  if (now.call.order != reference.call.order || now.call.qLen != reference.call.qLen) return;
  for (size_t h = 0; h < heads.size(); ++h) {
    if (now.lse[h] && reference.lse[h]) {
      const LseChange change = lseChange(*now.lse[h], *reference.lse[h], now.call.qLen, now.call.blockQ);
      heads[h].lse[at] = change.absolute;
      heads[h].lseSigned[at] = change.signedMean;
      heads[h].blocksLeftOut += change.blocksLeftOut;
    }
    heads[h].mask[at] = maskChange(now.mask[h], reference.mask[h]);
  }
}

// The calls of one layer and branch, in order of step. One such stream is worked on at a time, so that only
// its own reference masks are in memory.
using StreamKey = std::pair<int32_t, db::Branch>;
using Streams = std::map<StreamKey, std::vector<db::AttnCall>>;

Streams streamsOf(const std::vector<db::AttnCall>& calls) {
  Streams streams;
  for (const db::AttnCall& call : calls) streams[{call.layer, call.branch}].push_back(call);
  return streams;
}

std::vector<int32_t> distinct(std::vector<int32_t> values) {
  std::ranges::sort(values);
  values.erase(std::unique(values.begin(), values.end()), values.end());
  return values;
}

size_t indexOf(std::span<const int32_t> steps, int32_t step) {
  return static_cast<size_t>(std::ranges::lower_bound(steps, step) - steps.begin());
}

void requireStep(int32_t step, std::span<const int32_t> steps) {
  if (std::ranges::binary_search(steps, step)) return;
  const std::string recorded = steps.empty() ? std::string("the trace has no attention calls")
                                             : fmt::format("recorded are {} steps from {} to {}",
                                                           steps.size(), steps.front(), steps.back());
  throw db::Error(db::Error::Kind::BadInput, fmt::format("reference step {}", step), recorded,
                  "name a recorded step");
}

}  // namespace

DriftTable driftFromPrevious(const HeadTable& table) {
  DriftTable drift;
  drift.steps = distinct(table.step);

  std::map<std::tuple<int32_t, db::Branch, int32_t>, HeadDrift> heads;
  for (size_t i = 0; i < table.size(); ++i) {
    const auto key = std::tuple(table.layer[i], table.branch[i], table.head[i]);
    const auto [entry, isNew] = heads.try_emplace(key);
    HeadDrift& head = entry->second;
    if (isNew) head = emptyDrift(table.layer[i], table.branch[i], table.head[i], drift.steps.size());
    const size_t at = indexOf(drift.steps, table.step[i]);
    head.lse[at] = table.column(Quantity::LseDrift)[i];
    head.lseSigned[at] = table.column(Quantity::LseDriftSigned)[i];
    head.mask[at] = table.column(Quantity::MaskDrift)[i];
  }
  for (auto& [key, head] : heads) drift.heads.push_back(std::move(head));
  return drift;
}

LseChange lseChange(std::span<const float> now, std::span<const float> reference, int64_t rows,
                    int64_t blockRows) {
  LseChange change;
  if (now.size() != reference.size() || now.empty() || blockRows <= 0) return change;
  double absolute = 0;
  double sum = 0;
  int64_t counted = 0;
  for (size_t block = 0; block < now.size(); ++block) {
    const int64_t weight = std::min(blockRows, rows - static_cast<int64_t>(block) * blockRows);
    if (weight <= 0 || !std::isfinite(now[block]) || !std::isfinite(reference[block])) {
      ++change.blocksLeftOut;
      continue;
    }
    const double difference = double{now[block]} - double{reference[block]};
    absolute += static_cast<double>(weight) * std::abs(difference);
    sum += static_cast<double>(weight) * difference;
    counted += weight;
  }
  if (counted > 0) {
    change.absolute = absolute / static_cast<double>(counted);
    change.signedMean = sum / static_cast<double>(counted);
  }
  return change;
}

DriftTable driftFromReference(const db::TraceReader& reader, int32_t referenceStep,
                              const Progress& progress) {
  // Heads before calls: in a trace that is still being recorded, each of them then has its call.
  db::HeadFilter atReference;
  atReference.step = referenceStep;
  const std::vector<db::HeadRow> rows = reader.heads(atReference);
  const std::vector<db::AttnCall> calls = reader.calls();
  DriftTable drift{.referenceStep = referenceStep, .steps = {}, .heads = {}};
  for (const db::AttnCall& call : calls) drift.steps.push_back(call.step);
  drift.steps = distinct(std::move(drift.steps));
  requireStep(referenceStep, drift.steps);

  std::map<StreamKey, std::vector<HeadDrift>> headsOf;
  for (const db::HeadRow& row : rows)
    headsOf[{row.layer, row.branch}].push_back(
        emptyDrift(row.layer, row.branch, row.head, drift.steps.size()));

  int64_t done = 0;
  bool stored = false;
  const Streams streams = streamsOf(calls);
  for (auto& [key, heads] : headsOf) {
    const std::vector<db::AttnCall>& stream = streams.at(key);
    const auto found = std::ranges::find(stream, referenceStep, &db::AttnCall::step);
    const Snapshot reference = readSnapshot(reader, *found, heads);
    stored = stored || !reference.empty();
    for (const db::AttnCall& call : stream) {
      if (progress && !progress(done++, std::ssize(calls))) throw db::Cancelled();
      compare(readSnapshot(reader, call, heads), reference, indexOf(drift.steps, call.step), heads);
    }
    std::ranges::move(heads, std::back_inserter(drift.heads));
  }
  if (!stored)
    throw db::Error(db::Error::Kind::BadInput, fmt::format("drift against step {}", referenceStep),
                    "the trace stores neither LSE block means nor masks of that step",
                    "leave the reference step out to see the drift from step to step");
  return drift;
}

DriftTable driftDifference(const DriftTable& a, const DriftTable& b) {
  DriftTable result{.referenceStep = a.referenceStep, .steps = {}, .heads = {}};
  std::vector<std::pair<size_t, size_t>> steps;  // positions in a and b
  for (size_t i = 0; i < a.steps.size(); ++i) {
    const auto at = std::ranges::find(b.steps, a.steps[i]);
    if (at == b.steps.end()) continue;
    result.steps.push_back(a.steps[i]);
    steps.emplace_back(i, size_t(at - b.steps.begin()));
  }
  const auto keyOfHead = [](const HeadDrift& head) { return std::tuple(head.layer, head.branch, head.head); };
  std::map<std::tuple<int32_t, db::Branch, int32_t>, const HeadDrift*> others;
  for (const HeadDrift& head : b.heads) others[keyOfHead(head)] = &head;
  for (const HeadDrift& head : a.heads) {
    const auto other = others.find(keyOfHead(head));
    if (other == others.end()) continue;
    HeadDrift& change =
        result.heads.emplace_back(emptyDrift(head.layer, head.branch, head.head, steps.size()));
    for (const auto values : {&HeadDrift::lse, &HeadDrift::lseSigned, &HeadDrift::mask})
      for (size_t i = 0; i < steps.size(); ++i)
        (change.*values)[i] = (other->second->*values)[steps[i].second] - (head.*values)[steps[i].first];
  }
  return result;
}

}  // namespace ditscope::analyzer
