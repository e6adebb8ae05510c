// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "analyzer/exchange/choice_text.h"
#include "analyzer/exchange/csv_table.h"
#include "analyzer/exchange/exchange_file.h"
#include "analyzer/machine_text.h"
#include "db/config_file.h"
#include "db/enum_names.h"
#include "db/text.h"

namespace ditscope::analyzer {
namespace {

class TableReader {
 public:
  TableReader(const ExchangeInput& input, LossReport& report) : m_input(input), m_report(report) {}

  db::SparsityConfig config() {
    const CsvTable table = parseCsv(m_input);
    if (table.empty() || table[0].size() != kCsvColumns || csvLine(table[0]) != kCsvHeader)
      refuse(1, fmt::format("its first line is not {}", std::string_view(kCsvHeader).substr(0, 60)));
    m_config = *m_input.like;
    int64_t otherComponents = 0;
    for (size_t line = 1; line < table.size(); ++line) {
      if (table[line].size() != kCsvColumns)
        refuse(line + 1, fmt::format("it has not {} columns", kCsvColumns));
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
    if (choice.method == kCsvSchedule) {
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

db::SparsityConfig readConfigTable(const ExchangeInput& input, LossReport& report) {
  return TableReader(input, report).config();
}

}  // namespace ditscope::analyzer
