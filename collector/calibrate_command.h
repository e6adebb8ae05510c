// SPDX-License-Identifier: Apache-2.0
// `ditscope-collect calibrate`: finds out which threshold of an in-loop skip leaves out how much of a model,
// for
// `--method blasst:calibration=FILE,target=S`. The file is skip_calibration.h's JSON with what was sampled
// beside it.
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace ditscope::collector {

// Adds the subcommand; call the returned function after `program` has been parsed. It returns the exit code
// and throws db::Error.
std::function<int()> addCalibrateCommand(CLI::App& program);

}  // namespace ditscope::collector
