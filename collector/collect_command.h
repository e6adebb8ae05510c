// SPDX-License-Identifier: Apache-2.0
// The command line of `ditscope-collect` without a subcommand: record a run.
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace ditscope::collector {

// Adds the options; call the returned function after `program` has been parsed. It returns the exit code and
// throws db::Error.
std::function<int()> addCollectCommand(CLI::App& program);

}  // namespace ditscope::collector
