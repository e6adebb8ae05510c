// SPDX-License-Identifier: Apache-2.0
// The command line of `ditscope-collect compare-methods`.
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace ditscope::collector::compare {

// Adds the subcommand; the returned function runs it after parsing and gives the exit code.
std::function<int()> addCompareMethodsCommand(CLI::App& program);

}  // namespace ditscope::collector::compare
