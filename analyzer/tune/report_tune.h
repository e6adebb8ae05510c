// SPDX-License-Identifier: Apache-2.0
// What `ditscope tune` prints, and its front of time against recall as a file.
#pragma once

#include <string>

#include "analyzer/text_style.h"
#include "analyzer/tune/tuned_config.h"

namespace ditscope::analyzer {

[[nodiscard]] std::string tuneText(const TuningResult& result, const TextStyle& style);
[[nodiscard]] std::string tuneJson(const TuningResult& result);  // ditscope.tune/1

[[nodiscard]] std::string frontCsv(const TuningResult& result);
[[nodiscard]] std::string frontJson(const TuningResult& result);  // ditscope.front/1
// The front as a line, single settings that all heads share as dots, the chosen point marked.
[[nodiscard]] std::string frontSvg(const TuningResult& result);

}  // namespace ditscope::analyzer
