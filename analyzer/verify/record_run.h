// SPDX-License-Identifier: Apache-2.0
// Records a run with the settings of a dense one, by starting ditscope-collect: to verify a configuration, or
// to probe a method. Used by the program alone.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "db/model.h"

namespace ditscope::analyzer {

// What a run does, as options of ditscope-collect.
[[nodiscard]] std::vector<std::string> withConfig(const std::string& configFile);
[[nodiscard]] std::vector<std::string> withMethod(const std::string& method, const db::Run& dense);

// Options of ditscope-collect: the model, seed, label, steps and guidance of the dense run, with what the run
// does instead; the last two name the trace. Throws db::Error for a run that cannot be repeated from its
// trace.
[[nodiscard]] std::vector<std::string> collectArguments(const std::string& denseFile, const db::Run& dense,
                                                        const std::vector<std::string>& what,
                                                        db::RecordLevel level,
                                                        const std::filesystem::path& out);

// Starts ditscope-collect and waits; its progress and errors go to stderr, as does its summary. Ctrl-C
// reaches it alone, and it keeps what it has. Throws db::Error, about `task`, when it cannot start or fails.
void runCollect(const std::string& task, const std::vector<std::string>& arguments);

}  // namespace ditscope::analyzer
