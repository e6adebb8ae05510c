// SPDX-License-Identifier: Apache-2.0
#include "analyzer/verify/verification.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <tuple>

#include "analyzer/verify/run_checks.h"
#include "db/error.h"

namespace ditscope::analyzer {
namespace {

constexpr const char* kPromiseKey = "x-ditscope-tune";
constexpr const char* kIntervalKey = "x-ditscope-interval";  // of a choice: {"recall": [lo, hi], ...}
constexpr std::array<const char*, kMeasures> kKeys{"density", "recall", "error", "time_ns"};

using Cell = std::tuple<int32_t, int32_t, db::Branch, int32_t>;  // step, layer, branch, head
Cell cellOf(const db::HeadRow& row) {
  return {row.step, row.layer, row.branch, row.head};
}

struct Prediction {
  std::array<double, kMeasures> value, lo, hi;
};

template <class Number>
double valueOr(const std::optional<Number>& value, double otherwise) {
  return value ? double(*value) : otherwise;
}

// An extension is text that someone else may have written: what is not as expected says nothing.
void readIntervals(const db::MethodChoice& choice, Prediction& prediction) {
  const auto extension = choice.extensions.find(kIntervalKey);
  if (extension == choice.extensions.end()) return;
  const nlohmann::json json = nlohmann::json::parse(extension->second, nullptr, false);
  for (size_t m = 0; json.is_object() && m < kMeasures; ++m) {
    const auto range = json.find(kKeys[m]);
    if (range == json.end() || !range->is_array() || range->size() != 2) continue;
    if (!range->at(0).is_number() || !range->at(1).is_number()) continue;
    prediction.lo[m] = range->at(0).get<double>();
    prediction.hi[m] = range->at(1).get<double>();
  }
}

Prediction predictionOf(const db::MethodChoice& choice) {
  const bool dense = choice.method == "dense";
  Prediction p{
      .value = {valueOr(choice.expected.density, dense ? 1 : kNaN),
                valueOr(choice.expected.recall, dense ? 1 : kNaN),
                valueOr(choice.expected.error, dense ? 0 : kNaN), valueOr(choice.expected.timeNs, kNaN)},
      .lo = {},
      .hi = {}};
  p.lo.fill(kNaN);
  p.hi.fill(kNaN);
  readIntervals(choice, p);
  return p;
}

std::array<double, kMeasures> measuredOf(const db::HeadStats& stats) {
  return {double(stats.densityQk), double(stats.recallMean), double(stats.errorL1),
          stats.timeMethod == db::TimeMethod::None ? kNaN : double(stats.timeNs)};
}

// The cells of one head, summed where both sides are known, so that their means are of the same cells.
struct HeadSums {
  std::string method;
  bool sparse = false;
  std::array<Summary, kMeasures> predicted, measured, lo, hi;
  Summary denseNs;
};

void addCell(const db::MethodChoice& choice, const Prediction& prediction, const db::HeadRow& row,
             double denseNs, HeadSums& sums) {
  if (sums.method.empty()) sums.method = choice.method;
  sums.sparse = sums.sparse || choice.method != "dense";
  const auto measured = measuredOf(row.stats);
  for (size_t m = 0; m < kMeasures; ++m) {
    if (std::isnan(measured[m]) || std::isnan(prediction.value[m])) continue;
    sums.predicted[m].add(prediction.value[m]);
    sums.measured[m].add(measured[m]);
    sums.lo[m].add(prediction.lo[m]);
    sums.hi[m].add(prediction.hi[m]);
  }
  sums.denseNs.add(denseNs);
}

// Some cells without an interval leave the head without one.
double meanOfAll(const Summary& summary) {
  return summary.notMeasured == 0 ? summary.mean() : kNaN;
}

HeadCheck checkOf(const HeadKey& key, const HeadSums& sums) {
  HeadCheck head{.key = key, .method = sums.method, .sparse = sums.sparse, .pairs = {}};
  head.denseNs = sums.denseNs.mean();
  for (size_t m = 0; m < kMeasures; ++m)
    head.pairs[m] = {sums.predicted[m].mean(), sums.measured[m].mean(), meanOfAll(sums.lo[m]),
                     meanOfAll(sums.hi[m])};
  return head;
}

double flopsShareOf(const Recording& run) {
  double done = 0, dense = 0;
  for (const db::AttnCall& call : run.facts.calls) {
    if (call.kind == db::AttnKind::Cross) continue;
    done += call.flopsDone;
    dense += call.flopsDense;
  }
  return dense > 0 ? done / dense : kNaN;
}

std::map<Cell, double> timesOf(const Recording& dense) {
  std::map<Cell, double> times;
  for (const db::HeadRow& row : dense.facts.heads) times[cellOf(row)] = double(row.stats.timeNs);
  return times;
}

struct Comparison {  // filled cell by cell
  std::map<HeadKey, HeadSums> heads;
  Summary recall, error;   // measured, all compared cells
  double predictedNs = 0;  // of all cells; those computed densely take what they took in the dense recording
  bool timePredicted = true;  // of every compared cell
};

Comparison compareCells(const db::ConfigTable& config, const Recording& dense, const Recording& run) {
  Comparison comparison;
  const std::map<Cell, double> denseTimes = timesOf(dense);
  std::map<const db::MethodChoice*, Prediction> predictions;
  for (const db::HeadRow& row : run.facts.heads) {
    const db::Cell cell{row.step, row.layer, row.head, row.branch};
    const auto found = denseTimes.find(cellOf(row));
    const double denseNs = found == denseTimes.end() ? kNaN : found->second;
    if (config.kindOf(cell) == db::StepKind::Dense) {
      comparison.predictedNs += denseNs;
      continue;
    }
    const db::MethodChoice& choice = config.resolve(cell);
    const auto [prediction, added] = predictions.try_emplace(&choice);
    if (added) prediction->second = predictionOf(choice);
    const double expectedNs = prediction->second.value[static_cast<size_t>(Measure::Time)];
    const double ns = std::isnan(expectedNs) && choice.method == "dense" ? denseNs : expectedNs;
    comparison.timePredicted = comparison.timePredicted && !std::isnan(ns);
    comparison.predictedNs += ns;
    comparison.recall.add(double(row.stats.recallMean));
    comparison.error.add(double(row.stats.errorL1));
    addCell(choice, prediction->second, row, denseNs, comparison.heads[{row.layer, row.head, row.branch}]);
  }
  return comparison;
}

// What the tuner predicted for the whole; it knows the search, and its dense time is of the same model.
double tunedSpeedup(const db::SparsityConfig& config) {
  const auto extension = config.extensions.find(kPromiseKey);
  if (extension == config.extensions.end()) return kNaN;
  const nlohmann::json json = nlohmann::json::parse(extension->second, nullptr, false);
  const nlohmann::json::json_pointer place("/predicted/speedup");
  return json.contains(place) && json.at(place).is_number() ? json.at(place).get<double>() : kNaN;
}

std::optional<Promise> readPromise(const std::string& configFile, const db::SparsityConfig& config) {
  const auto extension = config.extensions.find(kPromiseKey);
  if (extension == config.extensions.end()) return std::nullopt;
  const auto refuse = [&](const char* why) {
    throw db::Error(db::Error::Kind::BadInput, fmt::format("{} /{}", configFile, kPromiseKey), why,
                    R"(write {"target": "recall", "value": 0.95}, with recall, error or speedup)");
  };
  const nlohmann::json json = nlohmann::json::parse(extension->second, nullptr, false);
  if (!json.is_object() || !json.contains("target") || !json.contains("value"))
    refuse("has no target and value");
  static const std::map<nlohmann::json, Target> targets{
      {"recall", Target::Recall}, {"error", Target::Error}, {"speedup", Target::Speedup}};
  const auto target = targets.find(json["target"]);
  if (target == targets.end()) refuse("has an unknown target");
  if (!json["value"].is_number()) refuse("has a value that is no number");
  return Promise{.target = target->second, .value = json["value"].get<double>()};
}

double meanPredicted(const std::vector<HeadCheck>& heads, Measure measure) {
  Summary summary;
  for (const HeadCheck& head : heads) summary.add(head[measure].predicted);
  return meanOfAll(summary);
}

void judge(const Verification& all, Promise& promise) {
  switch (promise.target) {
    case Target::Recall:
      promise.predicted = meanPredicted(all.heads, Measure::Recall);
      promise.measured = all.recall;
      promise.kept = promise.measured >= promise.value;
      return;
    case Target::Error:
      promise.predicted = meanPredicted(all.heads, Measure::Error);
      promise.measured = all.error;
      promise.kept = promise.measured <= promise.value;
      return;
    case Target::Speedup:
      promise.predicted = all.predictedSpeedup;
      promise.measured = all.speedup;
      promise.kept = promise.measured >= promise.value;
  }
}

std::vector<std::string> notesOf(const std::string& configFile, const Recording& dense,
                                 const Recording& run) {
  std::vector<std::string> notes;
  const std::string name = std::filesystem::path(configFile).filename().string();
  const std::string recorded = run.facts.run.method.substr(std::string("config:").size());
  if (recorded != name)
    notes.push_back(fmt::format("{} was recorded with a configuration called {}", run.file, recorded));
  if (!dense.facts.devices.empty() && !run.facts.devices.empty() &&
      dense.facts.devices.front().name != run.facts.devices.front().name)
    notes.push_back(fmt::format("{} ran on {}, {} on {}: times say little", dense.file,
                                dense.facts.devices.front().name, run.file, run.facts.devices.front().name));
  return notes;
}

}  // namespace

AttentionTime attentionOf(const Recording& recording) {
  AttentionTime time;
  for (const db::AttnCall& call : recording.facts.calls) {
    if (call.kind == db::AttnKind::Cross) continue;
    time.kernelNs += call.kernelNs;
    time.searchNs += call.searchNs;
  }
  return time;
}

int64_t Verification::sparseHeads() const {
  return std::ranges::count_if(heads, &HeadCheck::sparse);
}

Verification verify(const std::string& configFile, const db::SparsityConfig& config, const Recording& dense,
                    const Recording& run, const std::vector<double>& speedups) {
  const std::optional<Promise> promise = readPromise(configFile, config);
  const db::ConfigTable table(config);
  checkFitsConfig(configFile, config, dense);
  checkFitsConfig(configFile, config, run);
  checkDense(dense);
  checkObeyed(configFile, table, run);
  checkSameRequest(dense, run);

  const Comparison comparison = compareCells(table, dense, run);
  Verification v;
  v.configFile = configFile;
  v.denseFile = dense.file;
  v.runFile = run.file;
  for (const auto& [key, sums] : comparison.heads) v.heads.push_back(checkOf(key, sums));
  for (size_t m = 0; m < kMeasures; ++m) {
    std::vector<Pair> pairs;
    for (const HeadCheck& head : v.heads)
      if (head.sparse) pairs.push_back(head.pairs[m]);
    v.calibration[m] = calibrate(pairs);
  }
  v.recall = comparison.recall.mean();
  v.error = comparison.error.mean();
  v.dense = attentionOf(dense);
  v.run = attentionOf(run);
  if (v.run.total() > 0) v.speedup = double(v.dense.total()) / double(v.run.total());
  for (const double speedup : speedups) v.rounds.add(speedup);
  if (!speedups.empty()) v.speedup = quantile(speedups, 0.5);
  v.predictedSpeedup = tunedSpeedup(config);
  if (std::isnan(v.predictedSpeedup) && comparison.timePredicted && comparison.predictedNs > 0)
    v.predictedSpeedup = double(v.dense.total()) / comparison.predictedNs;
  v.flopsShare = flopsShareOf(run);
  v.promise = promise;
  if (v.promise) judge(v, *v.promise);
  v.notes = notesOf(configFile, dense, run);
  return v;
}

}  // namespace ditscope::analyzer
