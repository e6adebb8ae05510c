// SPDX-License-Identifier: Apache-2.0
// The commands tune and explain of `ditscope`.
#pragma once

#include <optional>
#include <string>

#include "analyzer/commands.h"
#include "analyzer/tune/explain.h"
#include "analyzer/tune/record_probes.h"
#include "analyzer/tune/tuning.h"

namespace CLI {
class App;
}

namespace ditscope::analyzer {

struct TuneArguments {
  TuneRequest request;
  std::optional<double> recall, speedup, error;
  std::string over = "worst";
  ProbeRuns probes;
  std::string out, front;  // configuration, and front of time against recall
  std::string config;      // of explain
  ExplainQuery explain;
  std::string branch = "cond";
  bool json = false, ascii = false;
};

void addTuneCommands(CLI::App& app, TuneArguments& arguments);

// Empty when another command was given.
[[nodiscard]] std::optional<CommandResult> runTuneCommand(const CLI::App& app,
                                                          const TuneArguments& arguments);

}  // namespace ditscope::analyzer
