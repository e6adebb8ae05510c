// SPDX-License-Identifier: Apache-2.0
// Steps of a run as the value of a parameter.
#pragma once

#include <string>
#include <vector>

namespace ditscope::collector {

// "10+30": ascending, at least one; a value below 1 is a share of `steps`, rounded down ("0.2+0.6"). Steps
// beyond the run are left in: they never come. Throws db::Error naming `method` and `key`.
[[nodiscard]] std::vector<int> parseSteps(const std::string& method, const std::string& key,
                                          const std::string& text, int steps);

}  // namespace ditscope::collector
