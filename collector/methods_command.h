// SPDX-License-Identifier: Apache-2.0
// `ditscope-collect methods [NAME] [--json]`, also as `ditscope methods`: the sparsity methods with their
// parameters, sources and costs, as the registry has them.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "collector/methods/method.h"

namespace CLI {
class App;
}

namespace ditscope::collector {

// Adds the subcommand; call the returned function after `program` has been parsed. It returns the exit code
// and throws db::Error for a method that is not there.
std::function<int()> addMethodsCommand(CLI::App& program);

// A page a method: name and help, source, cost, what sets the density, and a table of parameters.
[[nodiscard]] std::string methodsText(const std::vector<MethodInfo>& methods);
// {"schema": "ditscope.methods/1", "methods": [...]}; defaults are texts, as --method takes them.
[[nodiscard]] std::string methodsJson(const std::vector<MethodInfo>& methods);

}  // namespace ditscope::collector
