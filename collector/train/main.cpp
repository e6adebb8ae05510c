// SPDX-License-Identifier: Apache-2.0
// ditscope-train-demo: trains the demo models and measures their samples.
#include <c10/util/Exception.h>
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <functional>

#include "collector/train/train_command.h"
#include "db/error.h"

namespace {

constexpr int kBadInput = 3;
constexpr int kFailure = 4;

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
    return kBadInput;
  }
  command();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return runProgram(argc, argv);
  } catch (const ditscope::db::Error& error) {
    fmt::print(stderr, "ditscope: {}\n", error.what());
    return error.exitCode();
  } catch (const c10::Error& error) {
    fmt::print(stderr, "ditscope: LibTorch : {} : report this with the command line\n",
               error.what_without_backtrace());
  } catch (const std::exception& error) {
    fmt::print(stderr, "ditscope: unexpected failure : {} : report this with the command line\n",
               error.what());
  }
  return kFailure;
}
