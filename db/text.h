// SPDX-License-Identifier: Apache-2.0
// Text that came out of a file: whether it is text at all, and how it may stand in a line of ours.
#pragma once

#include <string>
#include <string_view>

namespace ditscope::db {

// Well-formed UTF-8: no stray or missing continuation, overlong form, surrogate or number beyond U+10FFFF.
[[nodiscard]] bool isUtf8(std::string_view text);

// In double quotes, cut after 80 bytes, everything but printable ASCII as '?'.
[[nodiscard]] std::string quotedText(std::string_view text);

}  // namespace ditscope::db
