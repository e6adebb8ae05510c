// SPDX-License-Identifier: Apache-2.0
// A comparison for people, for programs, and for the page of a pull request.
#pragma once

#include <string>

#include "analyzer/guard/comparison.h"
#include "analyzer/text_style.h"

namespace ditscope::analyzer {

[[nodiscard]] std::string_view nameOf(Verdict verdict);  // SLOWER, UNCLEAR, FASTER, SAME

// all: also the kernels that stayed the same, and every kernel that is on one side only.
[[nodiscard]] std::string compareText(const Comparison& comparison, bool all, const TextStyle& style);
[[nodiscard]] std::string compareJson(const Comparison& comparison);
// GitHub-flavoured Markdown; names of kernels are data and cannot become markup.
[[nodiscard]] std::string compareMarkdown(const Comparison& comparison);

// 0 no regression, 1 regression, 2 unclear.
[[nodiscard]] int exitCodeOf(const Comparison& comparison);

}  // namespace ditscope::analyzer
