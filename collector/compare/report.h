// SPDX-License-Identifier: Apache-2.0
// What a comparison found, for people: a Markdown table of means and spreads, and a CSV line a run.
#pragma once

#include <string>

#include "collector/compare/results.h"

namespace ditscope::collector::compare {

// Variants in the order of the results, densest target first; the cells without a run at the end, with why.
[[nodiscard]] std::string toMarkdown(const Results& results);
[[nodiscard]] std::string toCsv(const Results& results);

}  // namespace ditscope::collector::compare
