// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <nlohmann/json.hpp>

#include "analyzer/guard/report_compare.h"
#include "analyzer/machine_text.h"

namespace ditscope::analyzer {
namespace {

using Json = nlohmann::ordered_json;

Json ratio(double shift) {  // of a logarithm: 0.05 = 5 % slower
  return jsonNumber(std::expm1(shift));
}

Json countsJson(const ScreeningCounts& counts) {
  return {{"launches", counts.launches},
          {"warmup", counts.warmup},
          {"zero_time", counts.zeroTime},
          {"before_launch", counts.beforeLaunch},
          {"throttled", counts.throttled}};
}

Json modesJson(const std::vector<Mode>& modes) {
  Json json = Json::array();
  for (const Mode& mode : modes)
    json.push_back({{"ns", jsonNumber(std::exp(mode.centre))}, {"samples", mode.count}});
  return json;
}

Json keyJson(const SeriesKey& key) {
  const auto extent = [&](size_t first) {
    return Json::array({key.extents[first], key.extents[first + 1], key.extents[first + 2]});
  };
  return {{"kernel", key.kernel},
          {"grid", extent(0)},
          {"block", extent(3)},
          {"cluster", extent(6)},
          {"problem", key.problem},
          {"device", key.device},
          {"registers_per_thread", key.registersPerThread},
          {"static_shared_bytes", key.staticSharedBytes},
          {"dynamic_shared_bytes", key.dynamicSharedBytes}};
}

Json runStatisticsJson(const std::vector<RunStatistics>& runs) {
  Json json = Json::array();
  for (const RunStatistics& run : runs)
    json.push_back({{"samples", run.samples},
                    {"min_ns", jsonNumber(run.min)},
                    {"q1_ns", jsonNumber(run.q1)},
                    {"median_ns", jsonNumber(run.median)},
                    {"q3_ns", jsonNumber(run.q3)},
                    {"p95_ns", jsonNumber(run.p95)},
                    {"p99_ns", jsonNumber(run.p99)},
                    {"mad_ns", jsonNumber(run.mad)},
                    {"clock_hz", jsonNumber(run.clockHz)}});
  return json;
}

Json sideJson(const ShiftEvidence& e, bool base, double totalNs, const std::vector<RunStatistics>& runs) {
  return {{"each_run", runStatisticsJson(runs)},
          {"runs", base ? e.baseRuns : e.newRuns},
          {"samples", base ? e.baseSamples : e.newSamples},
          {"median_ns", jsonNumber(base ? e.baseMedianNs : e.newMedianNs)},
          {"total_ns", jsonNumber(totalNs)},
          {"screening", countsJson(base ? e.baseCounts : e.newCounts)},
          {"modes", modesJson(base ? e.baseModes : e.newModes)}};
}

Json seriesJson(const ComparedSeries& s) {
  const ShiftEvidence& e = s.evidence;
  return {{"verdict", nameOf(s.judgement.verdict)},
          {"certainty", s.judgement.likely ? "likely" : "certain"},
          {"reason", s.judgement.reason},
          {"key", keyJson(s.key)},
          {"note", s.note},
          {"shift", ratio(e.shift)},
          {"interval", {ratio(e.interval.low), ratio(e.interval.high)}},
          {"floor", ratio(e.floor)},
          {"p", jsonNumber(e.p)},
          {"q", jsonNumber(e.q)},
          {"cycle_shift", e.cycleShift ? ratio(*e.cycleShift) : Json()},
          {"base", sideJson(e, true, s.baseNs, s.baseRuns)},
          {"new", sideJson(e, false, s.newNs, s.newRuns)}};
}

Json runsJson(const std::vector<ComparedRun>& runs) {
  Json json = Json::array();
  for (const ComparedRun& run : runs) {
    Json losses = Json::object();
    for (const db::HealthCounter& loss : run.losses) losses[loss.name] = loss.value;
    Json circumstances = Json::object();
    for (const db::Circumstance& fact : run.circumstances) circumstances[fact.name] = fact.value;
    json.push_back({{"file", run.file},
                    {"uuid", run.run.uuid},
                    {"commit", run.run.gitCommit},
                    {"started_utc_ns", run.run.startedUtcNs},
                    {"driver", run.run.driver},
                    {"cuda", run.run.cuda},
                    {"finalised", run.run.finalised},
                    {"circumstances", circumstances},
                    {"losses", losses}});
  }
  return json;
}

Json unpairedJson(const std::vector<Unpaired>& left) {
  Json json = Json::array();
  for (const Unpaired& series : left) json.push_back({{"key", keyJson(series.key)}, {"total_ns", series.ns}});
  return json;
}

}  // namespace

std::string compareJson(const Comparison& c) {
  const VerdictRule& rule = c.rule.verdict;
  Json json = {{"schema", "ditscope.compare/1"},
               {"verdict", nameOf(c.verdict)},
               {"certainty", c.likely ? "likely" : "certain"},
               {"reason", c.reason},
               {"exit_code", exitCodeOf(c)},
               {"clear_share", jsonNumber(c.clearShare)},
               {"counts",
                {{"slower", c.count(Verdict::Slower)},
                 {"faster", c.count(Verdict::Faster)},
                 {"unclear", c.count(Verdict::Unclear)},
                 {"same", c.count(Verdict::Same)}}},
               {"rule",
                {{"seed", rule.bootstrap.seed},
                 {"replicates", rule.bootstrap.replicates},
                 {"level", rule.bootstrap.level},
                 {"q", rule.q},
                 {"least_floor", rule.leastFloor},
                 {"warmups", rule.screening.warmups},
                 {"min_samples", rule.screening.minSamples},
                 {"clear_share", c.rule.clearShare},
                 {"across_devices", c.rule.acrossDevices},
                 {"across_drivers", c.rule.acrossDrivers},
                 {"across_clocks", c.rule.acrossClocks},
                 {"unclear_passes", c.rule.unclearPasses}}},
               {"base", runsJson(c.base)},
               {"new", runsJson(c.next)},
               {"screening", {{"base", countsJson(c.baseCounts)}, {"new", countsJson(c.newCounts)}}},
               {"notes", c.notes}};
  json["series"] = Json::array();
  for (const ComparedSeries& series : c.series) json["series"].push_back(seriesJson(series));
  json["only_base"] = unpairedJson(c.onlyBase);
  json["only_new"] = unpairedJson(c.onlyNew);
  return jsonText(json);
}

}  // namespace ditscope::analyzer
