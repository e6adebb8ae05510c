// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <system_error>

#include "db/config_file.h"
#include "db/config_keys.h"
#include "db/config_parse.h"
#include "db/error.h"

namespace ditscope::db {
namespace {

Json numberJson(double value) {  // 64 rather than 64.0
  constexpr double kExact = 9'007'199'254'740'992.0;
  const bool whole = std::abs(value) < kExact && value == std::trunc(value) && !std::signbit(value);
  return whole ? Json(int64_t(value)) : Json(value);
}

Json rangesJson(const std::vector<IndexRange>& ranges) {
  Json list = Json::array();
  for (const IndexRange& range : ranges) {
    if (range.first == range.last)
      list.push_back(range.first);
    else
      list.push_back(fmt::format("{}-{}", range.first, range.last));
  }
  return list;
}

Json selectorJson(const CellSelector& cells) {
  Json json = Json::object();
  if (cells.steps) json["steps"] = {cells.steps->first, cells.steps->last};
  if (!cells.layers.empty()) json["layers"] = rangesJson(cells.layers);
  if (!cells.heads.empty()) json["heads"] = rangesJson(cells.heads);
  if (cells.branch) json["branch"] = nameOf(*cells.branch);
  return json;
}

Json expectedJson(const Expected& expected) {
  Json json = Json::object();
  if (expected.density) json["density"] = numberJson(*expected.density);
  if (expected.recall) json["recall"] = numberJson(*expected.recall);
  if (expected.error) json["error"] = numberJson(*expected.error);
  if (expected.timeNs) json["time_ns"] = *expected.timeNs;
  return json;
}

void addExtensions(const Extensions& extensions, Json& json) {
  for (const auto& [key, text] : extensions) {
    if (!key.starts_with("x-")) throw std::invalid_argument("an extension does not begin with x-");
    json[key] = Json::parse(text, nullptr, false);  // what is no JSON is found when the text is read back
  }
}

void addChoice(const MethodChoice& choice, Json& json) {
  json["method"] = choice.method;
  Json parameters = Json::object();
  for (const auto& [key, value] : choice.parameters) {
    if (const auto* number = std::get_if<double>(&value))
      parameters[key] = numberJson(*number);
    else if (const auto* text = std::get_if<std::string>(&value))
      parameters[key] = *text;
    else
      parameters[key] = std::get<bool>(value);
  }
  if (!parameters.empty()) json["parameters"] = std::move(parameters);
  Json expected = expectedJson(choice.expected);
  if (!expected.empty()) json["expected"] = std::move(expected);
  addExtensions(choice.extensions, json);
}

// On one line, with blanks: {"steps": [0, 3], "method": "dense"}
void appendLine(const Json& json, std::string& text) {
  if (!json.is_structured()) {
    text += json.dump();
    return;
  }
  text += json.is_array() ? '[' : '{';
  bool first = true;
  for (const auto& [key, value] : json.items()) {
    if (!std::exchange(first, false)) text += ", ";
    if (json.is_object()) text += Json(key).dump() + ": ";
    appendLine(value, text);
  }
  text += json.is_array() ? ']' : '}';
}

// One line a key, and one line an entry of the long lists.
std::string pageOf(const Json& root) {
  std::string text = "{\n";
  bool first = true;
  for (const auto& [key, value] : root.items()) {
    text += std::exchange(first, false) ? "  " : ",\n  ";
    text += Json(key).dump() + ": ";
    if ((key != "overrides" && key != "schedule") || value.empty()) {
      appendLine(value, text);
      continue;
    }
    bool firstEntry = true;
    for (const Json& entry : value) {
      text += std::exchange(firstEntry, false) ? "[\n    " : ",\n    ";
      appendLine(entry, text);
    }
    text += "\n  ]";
  }
  return text + "\n}\n";
}

Json configJson(const SparsityConfig& c) {
  Json json;
  json["format"] = kConfigFormat;
  json["version"] = kConfigVersion;
  const ConfigModel& m = c.model;
  json["model"] = {{"class", m.className},
                   {"layers", m.layers},
                   {"heads", m.heads},
                   {"tokens", m.tokens},
                   {"grid", {m.grid.frames, m.grid.rows, m.grid.cols}},
                   {"text", {m.text.begin, m.text.end}}};
  json["scheduler"] = {{"name", c.scheduler}, {"steps", c.steps}};
  json["block"] = {{"q", c.blockQ}, {"k", c.blockK}};
  if (c.guidance) json["guidance"] = numberJson(*c.guidance);
  json["traces"] = c.traces;
  addExtensions(c.extensions, json);
  addChoice(c.defaults, json["defaults"]);
  json["schedule"] = Json::array();
  for (const ScheduleEntry& entry : c.schedule) {
    json["schedule"].push_back(selectorJson(entry.cells));
    json["schedule"].back()["kind"] = nameOf(entry.kind);
  }
  json["overrides"] = Json::array();
  for (const ConfigOverride& override : c.overrides) {
    Json entry = selectorJson(override.cells);
    addChoice(override.choice, entry);
    json["overrides"].push_back(std::move(entry));
  }
  return json;
}

}  // namespace

std::string configText(const SparsityConfig& config, const std::string& name) {
  const std::string what = "cannot write " + name;
  std::string text;
  try {
    text = pageOf(configJson(config));
  } catch (const std::invalid_argument& error) {
    throw Error(Error::Kind::BadInput, what, error.what(), "rename it");
  } catch (const Json::exception&) {
    throw Error(Error::Kind::BadInput, what, "a text in it is not UTF-8", "give it readable names");
  }
  (void)parseConfigAs(text, what);  // what is written can be read
  return text;
}

void writeConfig(const std::filesystem::path& path, const SparsityConfig& config) {
  const std::string text = configText(config, path.string());
  const std::string part = path.string() + ".part";
  std::ofstream file(part, std::ios::binary | std::ios::trunc);
  file << text << std::flush;
  file.close();
  std::error_code error = file.fail() ? std::make_error_code(std::errc::io_error) : std::error_code();
  if (!error) std::filesystem::rename(part, path, error);
  if (!error) return;
  std::error_code ignored;
  std::filesystem::remove(part, ignored);
  throw Error(Error::Kind::BadInput, "cannot write " + path.string(), error.message(),
              "check that its folder exists, that you may write to it and that it has room");
}

}  // namespace ditscope::db
