// SPDX-License-Identifier: Apache-2.0
// What a file of another tool does not say, from a recorded run or a configuration (--like).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "db/config.h"

namespace ditscope::analyzer {

[[nodiscard]] bool isTraceFile(const std::filesystem::path& path);  // by its first bytes

// Model, scheduler, steps, blocks, guidance and the run itself; no choices. Throws db::Error.
[[nodiscard]] db::SparsityConfig configLike(const std::filesystem::path& path);

// Likewise of a run that was read already; `name` stands in errors for its file.
[[nodiscard]] db::SparsityConfig configLike(const db::Run& run, const std::string& name);

// Of the steps of a recorded run as a share of the training timesteps, falling; empty when the run has none.
[[nodiscard]] std::vector<double> stepTimes(const std::filesystem::path& trace);

}  // namespace ditscope::analyzer
