// SPDX-License-Identifier: Apache-2.0
// Probe runs that are named by their method: recorded one after the other with the settings of the dense run,
// and kept in a folder, so that the same command goes on where it was stopped. Used by the program alone.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "db/model.h"

namespace ditscope::analyzer {

struct ProbeRuns {
  std::vector<std::string> wanted;  // traces, or methods as `collect --method` takes them
  std::filesystem::path folder;     // of the runs of methods
  int everyStep = 0;                // recall and error in one of so many steps; 0 = in about ten in all
};

// Whether the word is a method, and not the name of a trace: what lies there as a file is a trace.
[[nodiscard]] bool isMethodText(const std::string& word);

// Where a trace is kept, under a name that says what it is.
[[nodiscard]] std::filesystem::path probeFile(const std::filesystem::path& folder, const std::string& method);

// A whole run of the method on the sample of the dense run; false for what cannot be read.
[[nodiscard]] bool isProbeOf(const std::filesystem::path& file, const std::string& method,
                             const db::Run& dense);

// The trace of each. Throws db::Error when a run fails or is stopped; those finished before stay.
[[nodiscard]] std::vector<std::string> probeTraces(const std::string& denseFile, const ProbeRuns& probes);

}  // namespace ditscope::analyzer
