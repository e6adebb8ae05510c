// SPDX-License-Identifier: Apache-2.0
// Numbers of a stranger's text, exact where a double would not be.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace ditscope::analyzer {

// Microseconds with or without fractions as ns, rounded down: "1712195495505583.019". Empty for what is no
// number or is no time of a capture (isCaptureTime).
[[nodiscard]] std::optional<int64_t> nanosecondsOf(std::string_view microseconds);

[[nodiscard]] std::optional<int64_t> integerOf(std::string_view text);     // the whole text, "12.0" too
[[nodiscard]] std::optional<int64_t> lastNumberOf(std::string_view text);  // "stream 7", "GPU 0", "7"

}  // namespace ditscope::analyzer
