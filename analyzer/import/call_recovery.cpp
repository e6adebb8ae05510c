// SPDX-License-Identifier: Apache-2.0
#include "analyzer/import/call_recovery.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "analyzer/import/range_nesting.h"
#include "analyzer/import/step_finder.h"

namespace ditscope::analyzer {
namespace {

constexpr std::string_view kModule = "nn.Module: ";

struct Candidate {
  const NestedCall* nested = nullptr;
  int32_t index = 0;               // in the nesting
  std::pair<bool, int64_t> group;  // a process, or the lane of a stream
  int32_t step = -1;
  int32_t pass = 0;  // within its step
  int32_t layer = -1;
  db::AttnKind kind = db::AttnKind::Self;
};

db::AttnKind kindOf(const AttentionShape& shape) {
  return shape.qLen != shape.kvLen ? db::AttnKind::Cross : db::AttnKind::Self;
}

std::vector<Candidate> candidatesOf(const CaptureBuilder& capture, const RangeNesting& nesting) {
  std::vector<Candidate> candidates;
  for (size_t i = 0; i < nesting.calls.size(); ++i) {
    const NestedCall& call = nesting.calls[i];
    const LaneInfo& lane = capture.lanes()[size_t(call.lane)];
    candidates.push_back({.nested = &call,
                          .index = int32_t(i),
                          .group = {lane.isStream, lane.isStream ? call.lane : lane.process},
                          .kind = kindOf(call.shape)});
  }
  std::ranges::stable_sort(candidates, {}, [](const Candidate& c) { return c.nested->startNs; });
  return candidates;
}

// Leaves the heads of the attention with most work: text encoders and decoders have others.
int64_t keepMainHeads(std::vector<Candidate>& candidates) {
  std::map<std::pair<int32_t, int32_t>, double> work;
  for (const Candidate& c : candidates) {
    const AttentionShape& s = c.nested->shape;
    if (s.heads > 0)
      work[{s.heads, s.headDim}] += double(s.heads) * s.headDim * double(s.qLen) * double(s.kvLen);
  }
  if (work.size() < 2) return 0;
  const auto main = std::ranges::max_element(work, {}, [](const auto& entry) { return entry.second; })->first;
  return int64_t(std::erase_if(candidates, [&](const Candidate& c) {
    const AttentionShape& s = c.nested->shape;
    return s.heads > 0 && std::pair(s.heads, s.headDim) != main;
  }));
}

// The text of a layer without its number: layers of several kinds, as Flux has them, are counted one kind
// behind the other, in order of first use.
std::string stemOf(const std::string& label) {
  const size_t end = label.find_last_not_of("0123456789");
  return label.substr(0, end == std::string::npos ? 0 : end + 1);
}

int64_t numberLayers(const CaptureBuilder& capture, std::vector<Candidate>& candidates) {
  const auto named = [](const Candidate& c) { return c.nested->layerNumber >= 0; };
  if (std::ranges::none_of(candidates, named)) return 0;
  const auto left = std::erase_if(candidates, [&](const Candidate& c) { return !named(c); });
  std::vector<std::pair<std::string, int32_t>> stems;  // and the highest number
  std::map<int32_t, size_t> stemOfLabel;
  for (const Candidate& c : candidates) {
    const auto [place, isNew] = stemOfLabel.try_emplace(c.nested->layerLabel);
    if (isNew) {
      const std::string stem = stemOf(capture.labels.at(c.nested->layerLabel));
      const auto known = std::ranges::find(stems, stem, &std::pair<std::string, int32_t>::first);
      place->second = size_t(known - stems.begin());
      if (known == stems.end()) stems.emplace_back(stem, 0);
    }
    int32_t& highest = stems[place->second].second;
    highest = std::max(highest, c.nested->layerNumber);
  }
  std::vector<int32_t> offsets{0};
  for (const auto& [stem, highest] : stems)
    offsets.push_back(offsets.back() + std::min(highest, 1 << 20) + 1);
  for (Candidate& c : candidates)
    c.layer = offsets[stemOfLabel[c.nested->layerLabel]] + std::min(c.nested->layerNumber, 1 << 20);
  return int64_t(left);
}

// Where no layers are named: by order within a step.
void numberByOrder(std::vector<Candidate>& candidates) {
  std::map<std::tuple<std::pair<bool, int64_t>, int32_t, db::AttnKind>, int32_t> next;
  for (Candidate& c : candidates) c.layer = next[{c.group, c.step, c.kind}]++;
}

// A pass ends where a layer comes again that was left before. Returns the most that a step has.
int32_t findPasses(std::vector<Candidate>& candidates) {
  struct State {
    int32_t step = -1, pass = 0, layer = -1;
    std::set<int32_t> seen;
  };
  std::map<std::pair<bool, int64_t>, State> states;
  int32_t most = 0;
  for (Candidate& c : candidates) {
    State& state = states[c.group];
    if (state.step != c.step) state = {c.step, 0, -1, {}};
    if (c.layer != state.layer && !state.seen.insert(c.layer).second) {
      ++state.pass;
      state.seen = {c.layer};
    }
    state.layer = c.layer;
    c.pass = state.pass;
    most = std::max(most, c.pass + 1);
  }
  return most;
}

// Each pass of a process a step, which lasts until the next one begins.
std::vector<db::Step> stepsOfPasses(std::vector<Candidate>& candidates) {
  struct State {
    int32_t step = -1;
    std::pair<int32_t, int32_t> pass{-1, -1};
  };
  std::map<std::pair<bool, int64_t>, State> states;
  std::map<int32_t, db::Step> steps;
  const auto extend = [&](int32_t number, int64_t startNs, int64_t endNs) {
    const auto [place, isNew] = steps.try_emplace(number);
    db::Step& step = place->second;
    step.index = number;
    step.startNs = isNew ? startNs : std::min(step.startNs, startNs);
    step.endNs = isNew ? endNs : std::max(step.endNs, endNs);
  };
  for (Candidate& c : candidates) {
    State& state = states[c.group];
    const std::pair pass(c.step, c.pass);
    if (state.pass != pass) {
      if (state.step >= 0) extend(state.step, c.nested->startNs, c.nested->startNs);
      ++state.step;
      state.pass = pass;
    }
    c.step = state.step;
    c.pass = 0;
    extend(c.step, c.nested->startNs, c.nested->endNs);
  }
  std::vector<db::Step> all;
  for (const auto& [number, step] : steps) all.push_back(step);
  return all;
}

void writeLayers(const CaptureBuilder& capture, const std::vector<Candidate>& candidates,
                 RecoveredCalls& result) {
  std::map<int32_t, db::Layer> layers;
  for (const Candidate& c : candidates) {
    const auto [place, isNew] = layers.try_emplace(c.layer);
    db::Layer& layer = place->second;
    if (isNew) {
      layer.index = c.layer;
      if (c.nested->layerLabel >= 0)
        layer.name = cleanText(capture.labels.at(c.nested->layerLabel), db::kMaxNameBytes);
      layer.kind = c.kind;
    }
    if (layer.nHeads == 0) {
      layer.nHeads = c.nested->shape.heads;
      layer.headDim = c.nested->shape.headDim;
    }
  }
  for (const auto& [index, layer] : layers) result.layers.push_back(layer);
}

void writeCalls(const std::vector<Candidate>& candidates, const RangeNesting& nesting,
                RecoveredCalls& result) {
  std::vector<int64_t> callOfNested(nesting.calls.size(), 0);
  for (const Candidate& c : candidates) {
    db::AttnCall& call = result.calls.emplace_back();
    call.id = std::ssize(result.calls);
    call.step = c.step;
    call.layer = c.layer;
    call.branch = c.pass == 0 ? db::Branch::Cond : db::Branch::Uncond;
    call.kind = c.kind;
    call.qLen = c.nested->shape.qLen;
    call.kvLen = c.nested->shape.kvLen;
    call.startNs = c.nested->startNs;
    callOfNested[size_t(c.index)] = call.id;
  }
  result.callOfRange.resize(nesting.callOfRange.size());
  for (size_t i = 0; i < nesting.callOfRange.size(); ++i)
    result.callOfRange[i] = nesting.callOfRange[i] < 0 ? 0 : callOfNested[size_t(nesting.callOfRange[i])];
  for (size_t i = 0; i < nesting.calls.size(); ++i) {
    const NestedCall& nested = nesting.calls[i];
    if (!nested.isKernel && callOfNested[i] != 0)
      result.intervals.push_back({nested.lane, nested.startNs, nested.endNs, callOfNested[i]});
  }
}

std::string classOf(const std::string& label) {  // "nn.Module: SD3Transformer2DModel_0"
  if (!label.starts_with(kModule)) return {};
  return label.substr(kModule.size(), label.rfind('_') - kModule.size());
}

}  // namespace

RecoveredCalls recoverCalls(const CaptureBuilder& capture) {
  RecoveredCalls result;
  const RangeNesting nesting = nestRanges(capture.ranges);
  const StepFinder steps(capture);
  if (steps.label() >= 0) result.model = classOf(capture.labels.at(steps.label()));
  std::vector<Candidate> candidates = candidatesOf(capture, nesting);
  if (!steps.empty()) {
    for (Candidate& c : candidates) c.step = steps.stepAt(c.nested->lane, c.nested->startNs).value_or(-1);
    result.outsideSteps = int64_t(std::erase_if(candidates, [](const Candidate& c) { return c.step < 0; }));
  } else {
    result.otherShapes = keepMainHeads(candidates);
  }
  result.outsideLayers = numberLayers(capture, candidates);
  if (!candidates.empty() && candidates.front().layer < 0) numberByOrder(candidates);
  const int32_t passes = findPasses(candidates);
  const bool passesAreSteps = steps.empty() || passes > 2;
  result.steps = passesAreSteps ? stepsOfPasses(candidates) : steps.steps();
  writeLayers(capture, candidates, result);
  writeCalls(candidates, nesting, result);
  return result;
}

}  // namespace ditscope::analyzer
