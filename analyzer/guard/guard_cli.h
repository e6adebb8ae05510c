// SPDX-License-Identifier: Apache-2.0
// The command compare of `ditscope`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "analyzer/commands.h"
#include "analyzer/guard/comparison.h"

namespace CLI {
class App;
}

namespace ditscope::analyzer {

struct GuardArguments {
  std::vector<std::string> files;  // BASE... kSides NEW..., or BASE NEW
  CompareRule rule;
  std::vector<std::string> across;
  bool json = false, all = false, ascii = false;
  std::string markdown;  // file to write it to as well; "-" = to stdout instead of the table
};

// Stands in for `--` between the files of both sides; no file can have this name.
inline const std::string kSides(1, '\0');

// Arguments as CLI11 takes them, last first. It would end all options at a `--`.
[[nodiscard]] std::vector<std::string> reversedArguments(int argc, char** argv);

void addGuardCommands(CLI::App& app, GuardArguments& arguments);

// Empty when another command was given.
[[nodiscard]] std::optional<CommandResult> runGuardCommand(const CLI::App& app,
                                                           const GuardArguments& arguments);

}  // namespace ditscope::analyzer
