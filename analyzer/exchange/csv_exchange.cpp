// SPDX-License-Identifier: Apache-2.0
// A table for spreadsheets: component, steps, layer, head, branch, method, parameters, expected. The first
// line is the defaults, each further one an override of a range of cells, later ones winning; an empty column
// selects all. Ranges are "4-9", lists of them have blanks between ("0-3 5"). Parameters and expectations are
// "key=value" with semicolons between; a text that looks like a number is in double quotes. The method
// "schedule" is an entry of the schedule. Of a recorded run each cell is a line, with what was measured.
#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "analyzer/exchange/choice_text.h"
#include "analyzer/exchange/csv_table.h"
#include "analyzer/exchange/exchange_file.h"
#include "analyzer/machine_text.h"
#include "db/config_file.h"
#include "db/enum_names.h"
#include "db/text.h"
#include "db/trace_reader.h"

namespace ditscope::analyzer {
namespace {

constexpr const char* kHeader = "component,steps,layer,head,branch,method,parameters,expected\n";
constexpr size_t kColumns = 8;
constexpr const char* kSchedule = "schedule";

std::string rangesText(const std::vector<db::IndexRange>& ranges) {
  std::string text;
  for (const db::IndexRange& range : ranges) {
    if (!text.empty()) text += ' ';
    text += range.first == range.last ? fmt::format("{}", range.first)
                                      : fmt::format("{}-{}", range.first, range.last);
  }
  return text;
}

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
  const std::string steps = cells.steps ? rangesText({*cells.steps}) : "";
  const std::string branch = cells.branch ? std::string(db::nameOf(*cells.branch)) : "";
  const std::string columns[kColumns] = {csvText(component),
                                         steps,
                                         rangesText(cells.layers),
                                         rangesText(cells.heads),
                                         branch,
                                         csvText(choice.method),
                                         csvText(parametersText(choice)),
                                         csvText(expectedText(choice.expected))};
  return csvLine(columns);
}

void writeConfigTable(const db::SparsityConfig& config, const ExchangeOptions&,
                      const std::filesystem::path& path, LossReport& report) {
  std::string text = kHeader + lineOf(config.model.className, {}, config.defaults);
  size_t notes = config.extensions.size() + config.defaults.extensions.size();
  for (const db::ScheduleEntry& entry : config.schedule) {
    const db::MethodChoice kind{.method = kSchedule,
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

void writeTraceTable(const db::TraceReader& reader, const ExchangeOptions& options,
                     const std::filesystem::path& path, LossReport& report) {
  const db::Run run = reader.run();
  std::string text = kHeader;
  for (const db::HeadRow& row : reader.heads({.step = options.step})) {
    const db::IndexRange step{row.step, row.step};
    const db::CellSelector cells{.steps = step,
                                 .layers = {{row.layer, row.layer}},
                                 .heads = {{row.head, row.head}},
                                 .branch = row.branch};
    db::MethodChoice choice{.method = row.decision.method.empty() ? "dense" : row.decision.method};
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

class TableReader {
 public:
  TableReader(const ExchangeInput& input, LossReport& report) : m_input(input), m_report(report) {}

  db::SparsityConfig config() {
    const CsvTable table = parseCsv(m_input);
    if (table.empty() || table[0].size() != kColumns || csvLine(table[0]) != kHeader)
      refuse(1, fmt::format("its first line is not {}", std::string_view(kHeader).substr(0, 60)));
    m_config = *m_input.like;
    int64_t otherComponents = 0;
    for (size_t line = 1; line < table.size(); ++line) {
      if (table[line].size() != kColumns) refuse(line + 1, fmt::format("it has not {} columns", kColumns));
      if (table[line][0].empty() || table[line][0] == m_config.model.className)
        add(line + 1, table[line], line == 1);
      else
        ++otherComponents;
    }
    if (otherComponents > 0)
      m_report.push_back(fmt::format("component: {} lines are not for {}", otherComponents,
                                     db::quotedText(m_config.model.className)));
    // Everything that a configuration has to be is checked where its file is.
    return db::parseConfig(db::configText(m_config, m_input.name), m_input.name);
  }

 private:
  [[noreturn]] void refuse(size_t line, const std::string& why) const {
    refuseImport(m_input, fmt::format("line {}: {}", line, why), "write it as ditscope export --to csv does");
  }

  void add(size_t line, const std::vector<std::string>& columns, bool first) {
    db::CellSelector cells;
    const std::vector<db::IndexRange> steps = ranges(line, columns[1], m_config.steps);
    if (steps.size() > 1) refuse(line, "there may be one range of steps");
    if (!steps.empty()) cells.steps = steps[0];
    cells.layers = ranges(line, columns[2], m_config.model.layers);
    cells.heads = ranges(line, columns[3], m_config.model.heads);
    if (!columns[4].empty()) cells.branch = db::fromName<db::Branch>(columns[4]);
    if (!columns[4].empty() && !cells.branch) refuse(line, "the branch is neither cond nor uncond");
    db::MethodChoice choice{.method = columns[5]};
    for (const auto& [key, text] : entries(line, columns[6])) choice.parameters[key] = value(line, text);
    for (const auto& [key, text] : entries(line, columns[7])) expect(line, key, text, choice.expected);
    if (choice.method == kSchedule) {
      const auto kind = db::fromName<db::StepKind>(textParameter(choice, "kind"));
      if (!kind) refuse(line, "a schedule has the parameter kind=dense, search, reuse or sparse");
      m_config.schedule.push_back({cells, *kind});
    } else if (first && cells == db::CellSelector{}) {
      m_config.defaults = choice;
    } else {
      m_config.overrides.push_back({cells, choice});
    }
  }

  std::vector<db::IndexRange> ranges(size_t line, const std::string& text, int32_t count) const {
    std::vector<db::IndexRange> all;
    const char* at = text.data();
    const char* const end = at + text.size();
    while (at != end) {
      db::IndexRange range;
      auto [next, error] = std::from_chars(at, end, range.first);
      bool good = error == std::errc() && *at != '-';
      range.last = range.first;
      if (good && next != end && *next == '-') {
        const auto [stop, lastError] = std::from_chars(next + 1, end, range.last);
        good = lastError == std::errc() && range.last >= range.first;
        next = stop;
      }
      if (!good || range.last >= count || (next != end && *next != ' '))
        refuse(line, fmt::format("{} is no list of ranges below {}", db::quotedText(text), count));
      all.push_back(range);
      at = next == end ? end : next + 1;
    }
    return all;
  }

  using Entries = std::vector<std::pair<std::string, std::string>>;

  // Splits at semicolons outside double quotes.
  Entries entries(size_t line, const std::string& text) const {
    Entries all;
    size_t begin = 0;
    bool quoted = false;
    for (size_t i = 0; i <= text.size() && !text.empty(); ++i) {
      if (i < text.size() && quoted && text[i] == '\\') {
        ++i;
      } else if (i < text.size() && text[i] == '"') {
        quoted = !quoted;
      } else if (i >= text.size() || (text[i] == ';' && !quoted)) {
        const std::string entry = text.substr(begin, i - begin);
        const size_t equals = entry.find('=');
        if (equals == std::string::npos || equals == 0)
          refuse(line, fmt::format("{} is no key=value", db::quotedText(entry)));
        all.emplace_back(entry.substr(0, equals), entry.substr(equals + 1));
        begin = i + 1;
      }
    }
    return all;
  }

  db::ParameterValue value(size_t line, const std::string& text) const {
    const nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
    if (json.is_boolean()) return json.get<bool>();
    if (json.is_number()) return json.get<double>();
    if (json.is_string()) return json.get<std::string>();
    if (text.starts_with('"')) refuse(line, fmt::format("{} is no text", db::quotedText(text)));
    return text;
  }

  void expect(size_t line, const std::string& key, const std::string& text, db::Expected& expected) const {
    const db::ParameterValue parsed = value(line, text);
    const double* number = std::get_if<double>(&parsed);
    if (number == nullptr) refuse(line, fmt::format("{} is no number", db::quotedText(text)));
    if (key == "density")
      expected.density = *number;
    else if (key == "recall")
      expected.recall = *number;
    else if (key == "error")
      expected.error = *number;
    else if (key == "time_ns" && *number >= 0 && *number < 9e18)
      expected.timeNs = int64_t(*number);
    else
      refuse(line, fmt::format("{} is nothing that is expected", db::quotedText(key)));
  }

  const ExchangeInput& m_input;
  LossReport& m_report;
  db::SparsityConfig m_config;
};

}  // namespace

ExchangeFormat csvExchange() {
  return {.name = "csv",
          .help = "table with a line for each range of cells",
          .extension = ".csv",
          .write = writeConfigTable,
          .read = [](const ExchangeInput& input,
                     LossReport& report) { return TableReader(input, report).config(); },
          .writeTrace = writeTraceTable};
}

}  // namespace ditscope::analyzer
