// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <nlohmann/json.hpp>

#include "analyzer/history/report_history.h"
#include "analyzer/machine_text.h"

namespace ditscope::analyzer {
namespace {

using Json = nlohmann::ordered_json;

Json changeJson(const History& history, const SeriesHistory& series, const HistoryChange& change) {
  return {{"run", history.runs[series.runs[change.point.index]].id},
          {"point", change.point.index},
          {"state", nameOf(change.state)},
          {"change", jsonNumber(std::expm1(change.point.change()))},
          {"before_ns", jsonNumber(std::exp(change.point.before))},
          {"after_ns", jsonNumber(std::exp(change.point.after))},
          {"p", change.state == ChangeState::Accepted ? Json() : jsonNumber(change.point.p)},
          {"hint", bisectHint(history, series, change)},
          {"note", change.note}};
}

Json pointJson(const db::HistoryPoint& point) {
  return {{"run", point.runId},
          {"samples", point.samples},
          {"median_ns", jsonNumber(point.medianNs)},
          {"q1_ns", jsonNumber(point.q1Ns)},
          {"q3_ns", jsonNumber(point.q3Ns)},
          {"min_ns", jsonNumber(point.minNs)},
          {"clock_hz", jsonNumber(point.clockHz)}};
}

}  // namespace

std::string historyJson(const History& history) {
  Json json = {{"schema", "ditscope.history/1"}, {"open_slower", countOpenSlower(history)}};
  json["runs"] = Json::array();
  for (const db::HistoryRun& run : history.runs)
    json["runs"].push_back({{"id", run.id},
                            {"uuid", run.uuid},
                            {"started_utc_ns", run.startedUtcNs},
                            {"file", run.file},
                            {"commit", run.gitCommit},
                            {"branch", run.branch},
                            {"machine", run.machine}});
  json["series"] = Json::array();
  for (const SeriesHistory& series : history.series) {
    Json changes = Json::array(), points = Json::array();
    for (const HistoryChange& change : series.changes) changes.push_back(changeJson(history, series, change));
    for (const db::HistoryPoint& point : series.points) points.push_back(pointJson(point));
    json["series"].push_back({{"id", series.series.id},
                              {"kernel", series.series.kernel},
                              {"description", series.series.description},
                              {"device", series.series.device},
                              {"level_ns", jsonNumber(series.level())},
                              {"floor", jsonNumber(std::expm1(series.floor))},
                              {"changes", changes},
                              {"points", points}});
  }
  json["baselines"] = Json::array();
  for (const db::HistoryBaseline& baseline : history.baselines)
    json["baselines"].push_back(
        {{"name", baseline.name}, {"branch", baseline.branch}, {"runs", baseline.runIds}});
  return jsonText(json);
}

}  // namespace ditscope::analyzer
