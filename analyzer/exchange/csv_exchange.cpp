// SPDX-License-Identifier: Apache-2.0
// A table for spreadsheets: component, steps, layer, head, branch, method, parameters, expected. The first
// line is the defaults, each further one an override of a range of cells, later ones winning; an empty column
// selects all. Ranges are "4-9", lists of them have blanks between ("0-3 5"). Parameters and expectations are
// "key=value" with semicolons between; a text that looks like a number is in double quotes. The method
// "schedule" is an entry of the schedule. Of a recorded run each cell is a line, with what was measured.
#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "analyzer/exchange/cell_groups.h"
#include "analyzer/exchange/csv_table.h"
#include "analyzer/exchange/exchange_file.h"
#include "analyzer/machine_text.h"
#include "db/enum_names.h"
#include "db/trace_reader.h"

namespace ditscope::analyzer {
namespace {

// As JSON where a bare word would read back as something else.
std::string valueText(const db::ParameterValue& value) {
  if (const bool* on = std::get_if<bool>(&value)) return *on ? "true" : "false";
  if (const double* number = std::get_if<double>(&value)) return fmt::format("{}", *number);
  const std::string& text = std::get<std::string>(value);
  const bool isJson = nlohmann::json::accept(text);
  const bool isPlain = !text.empty() && text.find_first_of(";=\" \n\r") == std::string::npos;
  return isJson || !isPlain ? nlohmann::json(text).dump() : text;
}

std::string parametersText(const db::MethodChoice& choice) {
  std::string text;
  for (const auto& [key, value] : choice.parameters)
    text += (text.empty() ? "" : ";") + key + '=' + valueText(value);
  return text;
}

std::string expectedText(const db::Expected& expected) {
  std::string text;
  const auto add = [&](const char* key, const std::string& value) {
    text += fmt::format("{}{}={}", text.empty() ? "" : ";", key, value);
  };
  if (expected.density) add("density", fmt::format("{}", *expected.density));
  if (expected.recall) add("recall", fmt::format("{}", *expected.recall));
  if (expected.error) add("error", fmt::format("{}", *expected.error));
  if (expected.timeNs) add("time_ns", fmt::format("{}", *expected.timeNs));
  return text;
}

std::string lineOf(const std::string& component, const db::CellSelector& cells,
                   const db::MethodChoice& choice) {
  const std::string steps = cells.steps ? rangesText({*cells.steps}, ' ') : "";
  const std::string branch = cells.branch ? std::string(db::nameOf(*cells.branch)) : "";
  const std::string columns[kCsvColumns] = {csvText(component),
                                            steps,
                                            rangesText(cells.layers, ' '),
                                            rangesText(cells.heads, ' '),
                                            branch,
                                            csvText(choice.method),
                                            csvText(parametersText(choice)),
                                            csvText(expectedText(choice.expected))};
  return csvLine(columns);
}

void writeConfigTable(const db::SparsityConfig& config, const ExchangeOptions&,
                      const std::filesystem::path& path, LossReport& report) {
  std::string text = kCsvHeader + lineOf(config.model.className, {}, config.defaults);
  size_t notes = config.extensions.size() + config.defaults.extensions.size();
  for (const db::ScheduleEntry& entry : config.schedule) {
    const db::MethodChoice kind{.method = kCsvSchedule,
                                .parameters = {{"kind", std::string(db::nameOf(entry.kind))}}};
    text += lineOf(config.model.className, entry.cells, kind);
  }
  for (const db::ConfigOverride& override : config.overrides) {
    text += lineOf(config.model.className, override.cells, override.choice);
    notes += override.choice.extensions.size();
  }
  report.push_back("model, scheduler, blocks, guidance and traces: given again with --like");
  if (notes > 0) report.push_back(fmt::format("notes: {} keys that begin with x-", notes));
  writeExchangeFile(path, text);
}

// Traces of the first version name the method of the whole run alone, with its parameters.
std::string methodOf(const db::HeadRow& row, const db::Run& run) {
  const std::string own =
      row.decision.method.empty() ? run.method.substr(0, run.method.find(':')) : row.decision.method;
  return own.empty() ? "dense" : own;
}

void writeTraceTable(const db::TraceReader& reader, const ExchangeOptions& options,
                     const std::filesystem::path& path, LossReport& report) {
  const db::Run run = reader.run();
  std::set<int64_t> dense;  // calls in which the method computed everything
  for (const db::AttnCall& call : reader.calls())
    if (call.plan == "dense") dense.insert(call.id);
  std::string text = kCsvHeader;
  for (const db::HeadRow& row : reader.heads({.step = options.step})) {
    const db::IndexRange step{row.step, row.step};
    const db::CellSelector cells{.steps = step,
                                 .layers = {{row.layer, row.layer}},
                                 .heads = {{row.head, row.head}},
                                 .branch = row.branch};
    db::MethodChoice choice{.method = dense.contains(row.callId) ? "dense" : methodOf(row, run)};
    const auto measured = [](float value) -> std::optional<double> {
      if (std::isnan(value)) return {};
      return std::stod(fmt::format("{}", value));
    };
    choice.expected = {
        measured(row.stats.densityQk), measured(row.stats.recallMean), measured(row.stats.errorL1), {}};
    if (row.stats.timeMethod != db::TimeMethod::None) choice.expected.timeNs = row.stats.timeNs;
    text += lineOf(run.model, cells, choice);
  }
  report.push_back("parameters: a trace names the method of a head, not how it was set");
  writeExchangeFile(path, text);
}

}  // namespace

ExchangeFormat csvExchange() {
  return {.name = "csv",
          .help = "table with a line for each range of cells",
          .extension = ".csv",
          .write = writeConfigTable,
          .read = readConfigTable,
          .writeTrace = writeTraceTable};
}

}  // namespace ditscope::analyzer
