// SPDX-License-Identifier: Apache-2.0
// ditscope-collect: records runs of diffusion transformers.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <functional>
#include <string_view>

#include "collector/calibrate_command.h"
#include "collector/collect_command.h"
#include "collector/compare/compare_methods_command.h"
#include "collector/forward_command.h"
#include "collector/methods_command.h"
#include "collector/plan_command.h"
#include "collector/program.h"

namespace {

int runProgram(int argc, char** argv) {
  namespace collector = ditscope::collector;
  CLI::App program("", "ditscope-collect");
  program.set_version_flag("--version", "ditscope-collect " DITSCOPE_VERSION);
  std::function<int()> command = [] { return 0; };
  if (argc > 1 && std::string_view(argv[1]) == "forward") {
    collector::addForwardCommand(program);
  } else if (argc > 1 && std::string_view(argv[1]) == "methods") {
    command = collector::addMethodsCommand(program);
  } else {
    const std::string_view name = argc > 1 ? argv[1] : "";
    const auto add = name == "calibrate"         ? &collector::addCalibrateCommand
                     : name == "plan"            ? &collector::addPlanCommand
                     : name == "compare-methods" ? &collector::compare::addCompareMethodsCommand
                                                 : &collector::addCollectCommand;
    command = [run = add(program), argv] {
      collector::restartWithFastSettings(argv);
      return run();
    };
  }
  try {
    program.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    return program.exit(help);
  } catch (const CLI::CallForVersion& version) {
    return program.exit(version);
  } catch (const CLI::ParseError& error) {
    fmt::print(stderr, "ditscope: command line : {} : see ditscope-collect --help\n", error.what());
    return collector::kBadInput;
  }
  return command();
}

}  // namespace

int main(int argc, char** argv) {
  return ditscope::collector::endWithExitCode([argc, argv] { return runProgram(argc, argv); });
}
