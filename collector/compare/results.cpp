// SPDX-License-Identifier: Apache-2.0
#include "collector/compare/results.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "collector/json_file.h"
#include "db/error.h"

namespace ditscope::collector::compare {
namespace {

constexpr const char* kSchema = "ditscope.compare_methods/1";
constexpr std::array kReaches = {std::pair{Reach::Reached, "reached"}, std::pair{Reach::Steps, "steps"},
                                 std::pair{Reach::CannotLower, "cannot_go_lower"},
                                 std::pair{Reach::CannotHigher, "cannot_go_higher"}};

nlohmann::json runToJson(const RunMetrics& run) {
  nlohmann::json json = {{"seed", run.seed}, {"label", run.label}};
  for (const MetricColumn& column : metricColumns()) {
    const double value = run.*column.value;
    json[column.key] = std::isfinite(value) ? nlohmann::json(value) : nlohmann::json();
  }
  return json;
}

RunMetrics runFromJson(const nlohmann::json& json) {
  RunMetrics run;
  json.at("seed").get_to(run.seed);
  json.at("label").get_to(run.label);
  for (const MetricColumn& column : metricColumns()) {
    const nlohmann::json& value = json.at(column.key);
    run.*column.value = value.is_null() ? kNotKnown : value.get<double>();
  }
  return run;
}

nlohmann::json cellToJson(const Cell& cell) {
  nlohmann::json runs = nlohmann::json::array();
  for (const RunMetrics& run : cell.runs) runs.push_back(runToJson(run));
  const auto* reach = std::ranges::find(kReaches, cell.reach, &std::pair<Reach, const char*>::first);
  return {{"variant", cell.variant}, {"target", cell.target},   {"method", cell.method},  {"knob", cell.knob},
          {"reach", reach->second},  {"refused", cell.refused}, {"runs", std::move(runs)}};
}

Cell cellFromJson(const nlohmann::json& json) {
  Cell cell;
  json.at("variant").get_to(cell.variant);
  json.at("target").get_to(cell.target);
  json.at("method").get_to(cell.method);
  json.at("knob").get_to(cell.knob);
  json.at("refused").get_to(cell.refused);
  for (const auto& [reach, name] : kReaches) {
    if (json.at("reach") == name) cell.reach = reach;
  }
  for (const nlohmann::json& run : json.at("runs")) cell.runs.push_back(runFromJson(run));
  return cell;
}

[[noreturn]] void refuse(const std::filesystem::path& file, const char* why) {
  throw db::Error(db::Error::Kind::BadInput, file.string(), why, "choose another --out or --overwrite");
}

}  // namespace

bool Cell::has(const Sample& sample) const {
  return std::ranges::any_of(runs, [&sample](const RunMetrics& run) {
    return run.seed == sample.seed && run.label == sample.label;
  });
}

void Cell::add(const RunMetrics& run) {
  std::erase_if(runs,
                [&run](const RunMetrics& old) { return old.seed == run.seed && old.label == run.label; });
  runs.push_back(run);
}

Cell& Results::cell(const std::string& variant, double target) {
  const auto found = std::ranges::find_if(cells, [&](const Cell& cell) {
    return cell.variant == variant && std::abs(cell.target - target) < 1e-9;
  });
  if (found != cells.end()) return *found;
  cells.push_back({.variant = variant, .target = target});
  return cells.back();
}

nlohmann::json toJson(const Results& results) {
  nlohmann::json cells = nlohmann::json::array();
  for (const Cell& cell : results.cells) cells.push_back(cellToJson(cell));
  return {{"schema", kSchema},
          {"setup", results.setup},
          {"dense", cellToJson(results.dense)},
          {"cells", std::move(cells)}};
}

Results readResults(const std::filesystem::path& file, const nlohmann::json& setup) {
  Results results{.setup = setup};
  if (!std::filesystem::exists(file)) return results;
  const nlohmann::json json = readJsonObject(file);
  try {
    if (json.at("schema") != kSchema) refuse(file, "is not a comparison of methods");
    if (json.at("setup") != setup) refuse(file, "was made with other options");
    results.dense = cellFromJson(json.at("dense"));
    for (const nlohmann::json& cell : json.at("cells")) results.cells.push_back(cellFromJson(cell));
  } catch (const nlohmann::json::exception&) {
    refuse(file, "lacks what a comparison of methods has");
  }
  return results;
}

}  // namespace ditscope::collector::compare
