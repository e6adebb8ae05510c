// SPDX-License-Identifier: Apache-2.0
// A sparsity configuration: which method with which parameters computes each (step, layer, head, branch) of a
// model, and what was expected of it when it was chosen. Plain values; db knows no method, so that names and
// parameters are checked by whoever runs them. Densities, recalls and errors are fractions, times ns.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "db/enum_names.h"
#include "db/model.h"

namespace ditscope::db {

// What a step does with masks: Sparse leaves it to the method, Dense computes every block whatever the method
// says, Search plans anew, Reuse takes what the last step that planned made.
enum class StepKind : uint8_t { Sparse, Dense, Search, Reuse };
template <>
inline constexpr std::string_view kEnumNames<StepKind>[] = {"sparse", "dense", "search", "reuse"};

struct IndexRange {  // [first, last], both in it
  int32_t first = 0;
  int32_t last = 0;
  [[nodiscard]] bool contains(int32_t index) const { return index >= first && index <= last; }
  friend bool operator==(const IndexRange&, const IndexRange&) = default;
};

struct Cell {
  int32_t step = 0;
  int32_t layer = 0;
  int32_t head = 0;
  Branch branch = Branch::Cond;
};

struct CellSelector {  // what is empty selects all
  std::optional<IndexRange> steps = {};
  std::vector<IndexRange> layers = {}, heads = {};
  std::optional<Branch> branch = {};
  [[nodiscard]] bool contains(const Cell& cell) const;
  friend bool operator==(const CellSelector&, const CellSelector&) = default;
};

using ParameterValue = std::variant<bool, double, std::string>;
using Extensions =
    std::map<std::string, std::string>;  // keys "x-...", values as JSON text; kept, not understood

struct Expected {  // of one head in one call; empty = not predicted
  std::optional<double> density = {}, recall = {}, error = {};
  std::optional<int64_t> timeNs = {};
  friend bool operator==(const Expected&, const Expected&) = default;
};

struct MethodChoice {
  std::string method = "dense";
  std::map<std::string, ParameterValue> parameters = {};
  Expected expected = {};
  Extensions extensions = {};
  friend bool operator==(const MethodChoice&, const MethodChoice&) = default;
};

struct ConfigOverride {
  CellSelector cells;
  MethodChoice choice;
  friend bool operator==(const ConfigOverride&, const ConfigOverride&) = default;
};

struct ScheduleEntry {
  CellSelector cells;
  StepKind kind = StepKind::Sparse;
  friend bool operator==(const ScheduleEntry&, const ScheduleEntry&) = default;
};

struct ConfigModel {
  std::string className;  // for example WanTransformer3DModel
  int32_t layers = 0;
  int32_t heads = 0;
  int64_t tokens = 0;
  TokenGrid grid;
  TextSpan text;
  friend bool operator==(const ConfigModel& a, const ConfigModel& b);
};

struct SparsityConfig {
  ConfigModel model;
  std::string scheduler;
  int32_t steps = 0;
  int32_t blockQ = 0;
  int32_t blockK = 0;
  std::optional<double> guidance = {};
  std::vector<std::string> traces = {};  // uuids of the runs that it was made from
  MethodChoice defaults = {};
  std::vector<ScheduleEntry> schedule = {};    // later ones win
  std::vector<ConfigOverride> overrides = {};  // later ones win, and replace the whole choice
  Extensions extensions = {};

  // Walk the lists from their ends; ConfigTable is faster. A cell that is none of the model gets the
  // defaults.
  [[nodiscard]] const MethodChoice& resolve(const Cell& cell) const;
  [[nodiscard]] StepKind kindOf(const Cell& cell) const;
  [[nodiscard]] int64_t cells() const { return int64_t{2} * steps * model.layers * model.heads; }
  friend bool operator==(const SparsityConfig&, const SparsityConfig&) = default;
};

// The answers of resolve and kindOf for every cell, looked up in constant time. Owns a copy of the
// configuration, whose numbers must be in range as a file's are: five bytes a cell.
class ConfigTable {
 public:
  explicit ConfigTable(SparsityConfig config);

  [[nodiscard]] const SparsityConfig& config() const { return m_config; }
  // Throw std::out_of_range for a cell that is none of the model.
  [[nodiscard]] const MethodChoice& resolve(const Cell& cell) const;
  [[nodiscard]] StepKind kindOf(const Cell& cell) const;

 private:
  [[nodiscard]] size_t place(const Cell& cell) const;  // in [branch][step][layer][head]
  template <class Value>
  void paint(std::vector<Value>& table, const CellSelector& cells, Value value) const;

  SparsityConfig m_config;
  std::vector<uint32_t> m_choices;  // 0 = the defaults, else 1 + index of the override
  std::vector<StepKind> m_kinds;
};

}  // namespace ditscope::db
