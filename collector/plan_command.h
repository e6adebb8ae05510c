// SPDX-License-Identifier: Apache-2.0
// `ditscope-collect plan`: searches DiTFastAttn's compression plan for a model, and writes it as JSON for
// `--method ditfastattn:plan=FILE`.
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace ditscope::collector {

// Adds the subcommand; call the returned function after `program` has been parsed. It returns the exit code
// and throws db::Error.
std::function<int()> addPlanCommand(CLI::App& program);

}  // namespace ditscope::collector
