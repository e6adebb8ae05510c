// SPDX-License-Identifier: Apache-2.0
// The command history of `ditscope`: add, list, plot, baseline, accept, reject, export.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/commands.h"

namespace CLI {
class App;
}

namespace ditscope::analyzer {

struct HistoryArguments {
  std::string file;                 // the history
  std::vector<std::string> traces;  // of add
  std::vector<std::string> kernels;
  std::optional<std::string> branch, commit;
  std::optional<int64_t> series, run, last;
  std::string name;  // of a baseline
  std::string note;
  std::string svg, out, config;
  size_t most = 8;  // charts
  bool json = false, all = false, ascii = false, check = false, files = false, remove = false;
};

void addHistoryCommands(CLI::App& app, HistoryArguments& arguments);

// Empty when another command was given.
[[nodiscard]] std::optional<CommandResult> runHistoryCommand(const CLI::App& app,
                                                             const HistoryArguments& arguments);

}  // namespace ditscope::analyzer
