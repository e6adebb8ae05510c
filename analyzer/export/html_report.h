// SPDX-License-Identifier: Apache-2.0
// The parts of the report on a recorded run, in order. Each is empty where the trace has nothing for it.
#pragma once

#include <span>
#include <string>

#include "analyzer/export/kernel_totals.h"
#include "analyzer/head_table.h"
#include "analyzer/trace_summary.h"

namespace ditscope::analyzer {

[[nodiscard]] std::string titleOf(const db::Run& run);              // plain text
[[nodiscard]] std::string htmlHeader(const TraceSummary& summary);  // title, capture health, key figures
[[nodiscard]] std::string htmlWorstHeads(const TraceSummary& summary,
                                         std::span<const db::Layer> layers);  // table
[[nodiscard]] std::string htmlKernels(std::span<const KernelTotal> totals);   // section
[[nodiscard]] std::string htmlSettings(const TraceSummary& summary,
                                       std::span<const db::Circumstance> circumstances);  // section

}  // namespace ditscope::analyzer
