// SPDX-License-Identifier: Apache-2.0
// A small trace whose every value follows from its indices, so that the reports on it never change:
// 6 steps, 3 layers of 2 heads, 2 guidance branches, blocks of 8 x 8; the first step dense, the second a
// search. Some values are not measured on purpose. Layer 2 of step 5 was not recorded.
#pragma once

#include <filesystem>

#include "db/model.h"

namespace ditscope::tests {

[[nodiscard]] db::Run goldenRun();
// Finalised and healthy, or cut short with losses and diagnostics.
void writeGoldenTrace(const std::filesystem::path& path);
void writeUnhealthyTrace(const std::filesystem::path& path);

}  // namespace ditscope::tests
