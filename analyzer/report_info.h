// SPDX-License-Identifier: Apache-2.0
// What `ditscope info` prints. `file` is the name as the user gave it.
#pragma once

#include <string>

#include "analyzer/text_style.h"
#include "analyzer/trace_summary.h"

namespace ditscope::analyzer {

[[nodiscard]] std::string infoText(const std::string& file, const TraceSummary& summary,
                                   const TextStyle& style);
[[nodiscard]] std::string infoJson(const std::string& file, const TraceSummary& summary);  // ditscope.info/1

}  // namespace ditscope::analyzer
