// SPDX-License-Identifier: Apache-2.0
// Text of a trace inside HTML and SVG: nothing of it can become markup, an attribute or a control character.
#pragma once

#include <string>
#include <string_view>

namespace ditscope::analyzer {

// For element content and attributes in double quotes. Control characters, which HTML forbids, and marks that
// turn the direction of writing, which can disguise a name, become U+FFFD; a line feed becomes a blank.
[[nodiscard]] std::string htmlText(std::string_view text);
// A name in a sentence of ours: its direction of writing ends with it.
[[nodiscard]] std::string htmlName(std::string_view name);

}  // namespace ditscope::analyzer
