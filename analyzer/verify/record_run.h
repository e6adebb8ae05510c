// SPDX-License-Identifier: Apache-2.0
// Records the run that a configuration is verified with, by starting ditscope-collect. Used by the program
// alone.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "db/model.h"

namespace ditscope::analyzer {

// Of ditscope-collect: the model, seed, label, steps, blocks and guidance of the dense run, with the
// configuration (empty: dense again). Throws db::Error for a run that cannot be repeated from its trace.
[[nodiscard]] std::vector<std::string> collectArguments(const std::string& denseFile, const db::Run& dense,
                                                        const std::string& configFile, db::RecordLevel level,
                                                        const std::filesystem::path& out);

// Starts ditscope-collect and waits; its progress and errors go to stderr, as does its summary. Ctrl-C
// reaches it alone, and it keeps what it has. Throws db::Error when it cannot start or fails.
void runCollect(const std::vector<std::string>& arguments);

}  // namespace ditscope::analyzer
