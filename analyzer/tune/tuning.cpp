// SPDX-License-Identifier: Apache-2.0
#include "analyzer/tune/tuning.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "analyzer/format.h"
#include "analyzer/tune/pricing.h"
#include "db/error.h"

namespace ditscope::analyzer {
namespace {

const std::vector<std::string> kOffline{"topk", "topp", "window"};

bool wanted(const TuneRequest& request, const std::string& method) {
  return request.methods.empty() || std::ranges::count(request.methods, method) > 0;
}

OfflineQuery offlineQuery(const TuneRequest& request) {
  OfflineQuery query;
  query.threads = request.threads;
  query.settings.denseSteps = request.denseSteps;
  query.settings.methods.clear();
  for (const std::string& method : kOffline)
    if (wanted(request, method)) query.settings.methods.push_back(method);
  // Where a recall is the target, heads end on either side of it; else the usual ones are tried.
  if (request.target == Target::Recall)
    query.settings.recalls = {request.value, (1 + request.value) / 2};
  else
    query.settings.recalls = {0.9, 0.97};
  return query;
}

std::vector<std::string> notEvaluated(const TuneRequest& request, const std::vector<Probe>& probes) {
  std::vector<std::string> names;
  if (request.methods.empty()) {
    names.emplace_back(
        "methods that choose by Q and K, inside the kernel, by sharing outputs or in another "
        "token order (all but dense, window, and topk and topp with source=previous)");
    return names;
  }
  for (const std::string& method : request.methods) {
    const bool offline = method == "dense" || std::ranges::count(kOffline, method) > 0;
    const bool probed =
        std::ranges::any_of(probes, [&](const Probe& probe) { return probe.choice.method == method; });
    if (!offline && !probed) names.push_back(method);
  }
  return names;
}

std::vector<Probe> readProbes(const TuneRequest& request, const db::Run& run) {
  std::vector<Probe> probes;
  for (const std::string& file : request.probes) {
    probes.push_back(readProbe(file, request.denseSteps));
    checkAlike(request.recordings.front(), run, file, probes.back().run);
  }
  return probes;
}

struct Priced {
  std::vector<HeadCandidates> heads;
  std::vector<std::vector<bool>> outside;
};

// leftOut: a recording that takes no part, or -1.
Priced pricedHeads(const std::vector<HeadEvidence>& evidence, const TuneRequest& request,
                   const std::vector<Probe>& probes, const Prices& prices, int32_t leftOut) {
  Priced priced;
  for (const HeadEvidence& e : evidence) {
    HeadCandidates head = combine(e, request.over, leftOut);
    for (const Probe& probe : probes)
      if (const auto found = probe.heads.find(e.key);
          found != probe.heads.end() && wanted(request, probe.choice.method))
        head.candidates.push_back(found->second);
    std::vector<bool>& outside = priced.outside.emplace_back();
    for (Candidate& c : head.candidates) outside.push_back(price(prices, e.denseNs, e.key, c));
    priced.heads.push_back(std::move(head));
  }
  return priced;
}

[[noreturn]] void refuseGoal(const TuneGoal& goal, const std::vector<HeadCandidates>& heads) {
  const std::vector<Outcome> front = paretoFront(heads, goal, 2);
  const std::string limit = goal.target == Target::Speedup
                                ? fmt::format("the fastest selection gives {:.2f}", front.front().speedup())
                                : fmt::format("the best selection gives recall {:.4f} and error {:.4f}",
                                              front.back().recall, front.back().error);
  throw db::Error(db::Error::Kind::BadInput, "tuning", "nothing meets the target: " + limit,
                  "ask for less, lower --head-floor, or give more candidates with --probe");
}

void addLeaveOneOut(const std::vector<HeadEvidence>& evidence, const TuneRequest& request,
                    const std::vector<Probe>& probes, const Prices& prices, TuningResult& result) {
  const auto count = int32_t(request.recordings.size());
  for (int32_t left = 0; count > 1 && left < count; ++left) {
    const Priced others = pricedHeads(evidence, request, probes, prices, left);
    const auto tuned = tune(others.heads, result.goal);
    if (!tuned) continue;
    std::vector<HeadEvidence> own = evidence;
    for (HeadEvidence& e : own) e.byRecording = {e.byRecording[size_t(left)]};
    const Priced found = pricedHeads(own, request, probes, prices, -1);
    result.leftOut.push_back({request.recordings[size_t(left)], tuned->outcome,
                              outcomeOf(found.heads, result.goal, tuned->outcome.chosen)});
  }
}

void addSpread(const std::vector<HeadEvidence>& evidence, TuningResult& result) {
  for (size_t h = 0; h < evidence.size(); ++h) {
    const size_t chosen = result.tuned.outcome.chosen[h];
    double lo = result.heads[h].candidates[chosen].recall, hi = lo;
    for (const std::vector<Candidate>& of : evidence[h].byRecording) {
      if (chosen >= of.size()) continue;  // a probe: measured once
      lo = std::min(lo, of[chosen].recall);
      hi = std::max(hi, of[chosen].recall);
    }
    result.spread.emplace_back(lo, hi);
    result.reusable.push_back({evidence[h].reusableSteps, evidence[h].reusableLseSteps});
  }
}

void noteExtrapolated(TuningResult& result) {
  int64_t heads = 0;
  for (size_t h = 0; h < result.heads.size(); ++h)
    heads += result.outside[h][result.tuned.outcome.chosen[h]] ? 1 : 0;
  if (heads > 0)
    result.notes.push_back(
        fmt::format("the times of {} of {} heads are extrapolated: they lie outside of what was measured",
                    heads, result.heads.size()));
}

}  // namespace

TuningResult runTuning(const TuneRequest& request, const Progress& progress) {
  TuningResult result;
  int32_t headDim = 0;
  for (const std::string& file : request.recordings) {
    const DenseRecording recording(file, {.quickCheck = false, .cancelled = {}});
    if (result.uuids.empty()) {
      result.run = recording.run();
      headDim = recording.headDim();
    }
    result.uuids.push_back(recording.run().uuid);
  }
  if (request.denseSteps < 1 || request.denseSteps >= result.run.nSteps)
    throw db::Error(db::Error::Kind::BadInput, fmt::format("--dense-steps {}", request.denseSteps),
                    fmt::format("the recordings have {} steps", result.run.nSteps),
                    "leave at least one dense and one sparse");
  const std::vector<Probe> probes = readProbes(request, result.run);
  std::vector<std::string> traces = request.recordings;
  traces.insert(traces.end(), request.probes.begin(), request.probes.end());
  if (!request.latency.empty()) traces = {request.latency};
  const Prices prices = makePrices(result.run, headDim, traces, probes);
  const std::vector<HeadEvidence> evidence =
      offlineCandidates(request.recordings, offlineQuery(request), progress);
  Priced priced = pricedHeads(evidence, request, probes, prices, -1);
  if (!std::isfinite(priced.heads.front().candidates.front().timeNs))
    throw db::Error(db::Error::Kind::BadInput, request.recordings.front(), "its heads were not timed",
                    "give --latency, a trace of ditscope bench");
  const double floor = request.target == Target::Recall ? std::max(request.value - 0.1, 0.0) : 0.0;
  result.goal = {.target = request.target,
                 .value = request.value,
                 .margin = request.margin,
                 .headFloor = request.headFloor.value_or(floor),
                 .steps = result.run.nSteps,
                 .denseSteps = request.denseSteps};
  result.over = request.over;
  result.notEvaluated = notEvaluated(request, probes);
  result.notes = prices.notes;
  const auto tuned = tune(priced.heads, result.goal);
  if (!tuned) refuseGoal(result.goal, priced.heads);
  result.tuned = *tuned;
  result.heads = std::move(priced.heads);
  result.outside = std::move(priced.outside);
  addSpread(evidence, result);
  noteExtrapolated(result);
  result.uniform = uniformOutcomes(result.heads, result.goal);
  result.front = paretoFront(result.heads, result.goal);
  addLeaveOneOut(evidence, request, probes, prices, result);
  return result;
}

}  // namespace ditscope::analyzer
