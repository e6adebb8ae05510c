// SPDX-License-Identifier: Apache-2.0
// A table with a number for every cell (step, layer, head, branch), as few ranges of equal cells.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "db/config.h"

namespace ditscope::analyzer {

struct CellExtent {
  int32_t steps = 0;
  int32_t layers = 0;
  int32_t heads = 0;
  [[nodiscard]] size_t cells() const { return size_t{2} * size_t(steps) * size_t(layers) * size_t(heads); }
  [[nodiscard]] size_t place(const db::Cell& cell) const {  // in [branch][step][layer][head]
    return ((size_t(cell.branch) * size_t(steps) + size_t(cell.step)) * size_t(layers) + size_t(cell.layer)) *
               size_t(heads) +
           size_t(cell.head);
  }
};

struct CellGroup {
  db::CellSelector cells;  // what spans the whole extent is empty, as in a configuration
  uint32_t id = 0;
};

// Disjoint groups that cover every cell whose id is not 0, by first step, layer and head.
[[nodiscard]] std::vector<CellGroup> groupCells(const CellExtent& extent, std::span<const uint32_t> ids);

[[nodiscard]] std::string rangesText(const std::vector<db::IndexRange>& ranges, char separator);  // 0-3,7

}  // namespace ditscope::analyzer
