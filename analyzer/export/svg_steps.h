// SPDX-License-Identifier: Apache-2.0
// Pictures over the sampling steps inside an HTML page: a quantity's median over heads with the band that
// holds most of them, and how the time of each step divides.
#pragma once

#include <span>
#include <string>

#include "analyzer/head_table.h"
#include "analyzer/trace_summary.h"

namespace ditscope::analyzer {

// A <figure> each; empty when there is nothing to show.
[[nodiscard]] std::string spreadFigure(const HeadTable& table, Quantity quantity, const std::string& title);
[[nodiscard]] std::string stepTimesFigure(std::span<const db::Step> steps,
                                          std::span<const db::AttnCall> calls);

}  // namespace ditscope::analyzer
