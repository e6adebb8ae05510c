// SPDX-License-Identifier: Apache-2.0
// The commands export, import and diff of `ditscope`.
#pragma once

#include <optional>
#include <string>

#include "analyzer/commands.h"
#include "analyzer/exchange/exchange_format.h"

namespace CLI {
class App;
}

namespace ditscope::analyzer {

struct ExchangeArguments {
  std::string file, second;  // FILE; of diff the other one
  std::string format;        // --to, --from
  std::string out, like;
  ExchangeOptions options;
  bool json = false;
  std::string rules;  // of the import of a capture
  bool printRules = false;
  bool strict = false;  // losses make the exit code 1
};

void addExchangeCommands(CLI::App& app, ExchangeArguments& arguments);

// Empty when another command was given.
[[nodiscard]] std::optional<CommandResult> runExchangeCommand(const CLI::App& app,
                                                              const ExchangeArguments& arguments);

}  // namespace ditscope::analyzer
