// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <charconv>
#include <fstream>
#include <iterator>
#include <system_error>

#include "db/config_file.h"
#include "db/config_keys.h"
#include "db/config_parse.h"
#include "db/error.h"
#include "db/head_blob.h"

namespace ditscope::db {
namespace {

constexpr size_t kMaxFileBytes = size_t{64} << 20;
constexpr size_t kMaxConfigTextBytes = 4096;
constexpr int64_t kMaxTokens = int64_t{1} << 40;
constexpr int64_t kMaxConfigEntries = 1'000'000;
constexpr int64_t kMaxCells = int64_t{1} << 24;  // of the model: layers x heads x steps x 2 branches
constexpr int64_t kMaxCellsNamed = int64_t{1}
                                   << 28;  // by all entries together, so that a table is made in no time

IndexRange parseRange(const JsonNode& node, int32_t count) {
  const auto index = [&](uint32_t value) {
    node.require(value < uint32_t(count), fmt::format("it must lie between 0 and {}", count - 1));
    return int32_t(value);
  };
  if (!node.value().is_string()) {
    const auto only = int32_t(node.integer(0, count - 1));
    return {only, only};
  }
  const std::string& text = node.text(kMaxNameBytes);
  uint32_t first = 0;
  uint32_t last = 0;
  const char* const end = text.data() + text.size();
  const auto [dash, firstError] = std::from_chars(text.data(), end, first);
  const bool hasDash = firstError == std::errc() && dash != end && *dash == '-';
  const auto [stop, lastError] = std::from_chars(hasDash ? dash + 1 : end, end, last);
  node.require(hasDash && lastError == std::errc() && stop == end,
               "it must be an index or a range like \"4-9\"");
  node.require(first <= last, "the range ends before it begins");
  return {index(first), index(last)};
}

std::vector<IndexRange> parseRanges(const JsonNode& node, int32_t count) {
  node.requireArray(1, kMaxConfigEntries);
  std::vector<IndexRange> ranges;
  ranges.reserve(node.size());
  for (size_t i = 0; i < node.size(); ++i) ranges.push_back(parseRange(node.element(i), count));
  return ranges;
}

template <class Enum>
Enum parseWord(const JsonNode& node) {
  const std::optional<Enum> value = fromName<Enum>(node.text(kMaxNameBytes));
  if (value) return *value;
  std::string words;
  for (const std::string_view word : kEnumNames<Enum>)
    words += fmt::format("{}{}", words.empty() ? "" : ", ", word);
  node.refuse("it must be one of " + words);
}

Extensions parseExtensions(const JsonNode& object) {
  Extensions extensions;
  for (const auto& [name, value] : object.value().items())
    if (name.starts_with("x-")) extensions.emplace(name, value.dump());
  return extensions;
}

ParameterValue parseParameter(const JsonNode& node) {
  if (node.value().is_boolean()) return node.value().get<bool>();
  if (node.value().is_number()) return node.value().get<double>();
  node.require(node.value().is_string(), "a parameter must be a number, a text, true or false");
  const auto& text = node.value().get_ref<const std::string&>();
  node.require(text.size() <= kMaxConfigTextBytes, "the text is too long");
  return text;
}

Expected parseExpected(const JsonNode& node) {
  node.requireObject(kExpectedKeys, ExtraKeys::Refused);
  Expected expected;
  if (node.has("density")) expected.density = node.member("density").number(0, 1);
  if (node.has("recall")) expected.recall = node.member("recall").number(0, 1);
  if (node.has("error")) expected.error = node.member("error").number(0, 1e30);
  if (node.has("time_ns")) expected.timeNs = node.member("time_ns").integer(0, INT64_MAX);
  return expected;
}

MethodChoice parseChoice(const JsonNode& node) {
  MethodChoice choice;
  choice.method = node.member("method").text(kMaxNameBytes);
  if (node.has("parameters")) {
    const JsonNode parameters = node.member("parameters");
    parameters.require(parameters.value().is_object(), "it must be an object");
    for (const auto& [name, value] : parameters.value().items()) {
      const JsonNode parameter = parameters.member(name);
      parameter.require(!name.empty() && name.size() <= kMaxNameBytes, "its name is empty or too long");
      choice.parameters.emplace(name, parseParameter(parameter));
    }
  }
  if (node.has("expected")) choice.expected = parseExpected(node.member("expected"));
  choice.extensions = parseExtensions(node);
  return choice;
}

// Reads the entries of a configuration whose model and steps are known.
class EntryParser {
 public:
  explicit EntryParser(const SparsityConfig& config) : m_config(config) {}

  CellSelector selector(const JsonNode& node) {
    CellSelector cells;
    if (node.has("steps")) cells.steps = steps(node.member("steps"));
    if (node.has("layers")) cells.layers = parseRanges(node.member("layers"), m_config.model.layers);
    if (node.has("heads")) cells.heads = parseRanges(node.member("heads"), m_config.model.heads);
    if (node.has("branch")) cells.branch = parseWord<Branch>(node.member("branch"));
    count(node, cells);
    return cells;
  }

 private:
  [[nodiscard]] IndexRange steps(const JsonNode& node) const {
    node.requireArray(2, 2);
    const auto first = int32_t(node.element(0).integer(0, m_config.steps - 1));
    return {first, int32_t(node.element(1).integer(first, m_config.steps - 1))};
  }

  void count(const JsonNode& node, const CellSelector& cells) {
    const auto covered = [](const std::vector<IndexRange>& ranges, int32_t all) {
      int64_t sum = ranges.empty() ? all : 0;
      for (const IndexRange& range : ranges) sum += range.last - range.first + 1;
      return double(sum);
    };
    const IndexRange steps = cells.steps.value_or(IndexRange{0, m_config.steps - 1});
    m_named += covered(cells.layers, m_config.model.layers) * covered(cells.heads, m_config.model.heads) *
               (steps.last - steps.first + 1) * (cells.branch ? 1 : 2);
    node.require(m_named <= double(kMaxCellsNamed),
                 "the entries so far name too many cells; merge or drop some");
  }

  const SparsityConfig& m_config;
  double m_named = 0;  // cells, one that is named twice counted twice
};

ConfigModel parseModel(const JsonNode& node) {
  node.requireObject(kModelKeys, ExtraKeys::Refused);
  ConfigModel model;
  model.className = node.member("class").text(kMaxConfigTextBytes);
  model.layers = int32_t(node.member("layers").integer(1, 100'000));
  model.heads = int32_t(node.member("heads").integer(1, kMaxHeads));
  model.tokens = node.member("tokens").integer(1, kMaxTokens);
  const JsonNode grid = node.member("grid");
  grid.requireArray(3, 3);
  const auto extent = [&](size_t i) { return int32_t(grid.element(i).integer(1, 1 << 20)); };
  model.grid = {extent(0), extent(1), extent(2)};
  if (!node.has("text")) return model;
  const JsonNode text = node.member("text");
  text.requireArray(2, 2);
  model.text.begin = text.element(0).integer(0, model.tokens);
  model.text.end = text.element(1).integer(model.text.begin, model.tokens);
  return model;
}

void parseHeader(const JsonNode& root, SparsityConfig& config) {
  root.require(root.value().is_object(), "it must be an object");
  const bool ours = root.has("format") && root.member("format").value() == kConfigFormat;
  root.require(ours, fmt::format("it is not a DiTScope configuration, the key \"format\" must be \"{}\"",
                                 kConfigFormat));
  root.require(root.has("version"), "the key \"version\" is missing");
  root.member("version").require(root.member("version").value() == kConfigVersion,
                                 fmt::format("this DiTScope reads version {} only", kConfigVersion));
  root.requireObject(kRootKeys, ExtraKeys::Prefixed);
  config.model = parseModel(root.member("model"));
  const JsonNode scheduler = root.member("scheduler");
  scheduler.requireObject(kSchedulerKeys, ExtraKeys::Refused);
  config.scheduler = scheduler.member("name").text(kMaxConfigTextBytes);
  config.steps = int32_t(scheduler.member("steps").integer(1, 1'000'000));
  root.require(double(config.steps) * config.model.layers * config.model.heads * 2 <= double(kMaxCells),
               fmt::format("steps x layers x heads x 2 branches are more than {}", kMaxCells));
  const JsonNode block = root.member("block");
  block.requireObject(kBlockKeys, ExtraKeys::Refused);
  config.blockQ = int32_t(block.member("q").integer(1, 1 << 20));
  config.blockK = int32_t(block.member("k").integer(1, 1 << 20));
  if (root.has("guidance")) config.guidance = root.member("guidance").number(-1e6, 1e6);
}

}  // namespace

SparsityConfig parseConfigAs(std::string_view text, const std::string& what) {
  const Json json = parseJson(text, what);
  const JsonNode root(json, what);
  SparsityConfig config;
  parseHeader(root, config);
  config.extensions = parseExtensions(root);
  const auto forEach = [&](const char* key, const auto& visit) {
    if (!root.has(key)) return;
    const JsonNode list = root.member(key);
    list.requireArray(0, kMaxConfigEntries);
    for (size_t i = 0; i < list.size(); ++i) visit(list.element(i));
  };
  forEach("traces", [&](const JsonNode& uuid) { config.traces.push_back(uuid.text(kMaxConfigTextBytes)); });
  root.member("defaults").requireObject(kDefaultsKeys, ExtraKeys::Prefixed);
  config.defaults = parseChoice(root.member("defaults"));
  EntryParser entries(config);
  forEach("schedule", [&](const JsonNode& entry) {
    entry.requireObject(kScheduleKeys, ExtraKeys::Refused);
    config.schedule.push_back({entries.selector(entry), parseWord<StepKind>(entry.member("kind"))});
  });
  forEach("overrides", [&](const JsonNode& entry) {
    entry.requireObject(kOverrideKeys, ExtraKeys::Prefixed);
    config.overrides.push_back({entries.selector(entry), parseChoice(entry)});
  });
  return config;
}

SparsityConfig parseConfig(std::string_view text, const std::string& name) {
  return parseConfigAs(text, "cannot read " + name);
}

SparsityConfig readConfig(const std::filesystem::path& path) {
  const auto refuse = [&](const std::string& why, const std::string& remedy) {
    throw Error(Error::Kind::BadInput, "cannot read " + path.string(), why, remedy);
  };
  std::error_code error;
  const uintmax_t bytes = std::filesystem::file_size(path, error);
  if (error) refuse(error.message(), "check the path and that you may read it");
  if (bytes > kMaxFileBytes) refuse("it is larger than 64 MiB", "give a configuration of ditscope tune");
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file.good() && !file.eof()) refuse("it cannot be read", "check that you may read it");
  return parseConfig(text, path.string());
}

}  // namespace ditscope::db
