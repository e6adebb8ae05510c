// SPDX-License-Identifier: Apache-2.0
// The command line of `ditscope-bench`: our attention kernel against its rivals on this machine.
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace ditscope::collector::bench {

// Adds the options; call the returned function after `program` has been parsed. Throws db::Error.
std::function<void()> addBenchCommand(CLI::App& program);

}  // namespace ditscope::collector::bench
