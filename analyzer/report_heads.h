// SPDX-License-Identifier: Apache-2.0
// What `ditscope heads` prints: one line a layer, head or step with the means of its cells.
#pragma once

#include <optional>
#include <string>

#include "analyzer/head_table.h"
#include "analyzer/text_style.h"

namespace ditscope::analyzer {

struct HeadsQuery {
  Axis by = Axis::LayerHead;     // or Layer, or Step
  std::optional<Quantity> sort;  // worst first; else in order of layer, head and step
  std::optional<size_t> top;     // the first so many lines
  db::HeadFilter cells;          // only these
};

[[nodiscard]] std::string headsText(const HeadTable& table, const HeadsQuery& query, const TextStyle& style);
[[nodiscard]] std::string headsCsv(const HeadTable& table, const HeadsQuery& query);
[[nodiscard]] std::string headsJson(const std::string& file, const HeadTable& table,
                                    const HeadsQuery& query);  // ditscope.heads/1

}  // namespace ditscope::analyzer
