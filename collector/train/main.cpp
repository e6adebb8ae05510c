// SPDX-License-Identifier: Apache-2.0
// ditscope-train-demo: trains the demo models and measures their samples.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <functional>

#include "collector/program.h"
#include "collector/train/train_command.h"

namespace {

int runProgram(int argc, char** argv) {
  namespace train = ditscope::collector::train;
  CLI::App program("Trains DiTScope's demo models on moving garments, and judges their samples.",
                   "ditscope-train-demo");
  program.require_subcommand(1);
  std::function<void()> command;
  train::addTrainCommand(program, train::DemoModel::Video, command);
  train::addTrainCommand(program, train::DemoModel::Image, command);
  train::addEvaluateCommand(program, command);
  try {
    program.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    return program.exit(help);
  } catch (const CLI::ParseError& error) {
    fmt::print(stderr, "ditscope: command line : {} : see ditscope-train-demo --help\n", error.what());
    return ditscope::collector::kBadInput;
  }
  command();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return ditscope::collector::endWithExitCode([argc, argv] { return runProgram(argc, argv); });
}
