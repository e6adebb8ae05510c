// SPDX-License-Identifier: Apache-2.0
// What differs between two configurations: facts of the model by name, and the setting of each cell (method,
// parameters, kind of step), grouped into ranges that change alike. Cells are compared where both have them.
// What was expected and noted counts apart: it does not change what runs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "db/config.h"

namespace ditscope::analyzer {

struct FactChange {
  std::string name, before, after;
};

struct CellChange {
  db::CellSelector cells;  // what is empty: all
  std::string before, after;
  int64_t count = 0;
};

struct ConfigDiff {
  std::vector<FactChange> facts;
  std::vector<CellChange> changes;  // disjoint, by first step, layer and head
  int64_t cells = 0;                // that both have
  int64_t changedCells = 0;
  int64_t changedExpectations = 0;  // cells
  [[nodiscard]] bool same() const { return facts.empty() && changedCells == 0 && changedExpectations == 0; }
};

[[nodiscard]] ConfigDiff diffConfigs(const db::SparsityConfig& before, const db::SparsityConfig& after);

[[nodiscard]] std::string diffText(const ConfigDiff& diff);
[[nodiscard]] std::string diffJson(const std::string& before, const std::string& after,
                                   const ConfigDiff& diff);

}  // namespace ditscope::analyzer
