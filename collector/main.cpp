// SPDX-License-Identifier: Apache-2.0
// ditscope-collect: records runs of diffusion transformers.
#include <c10/util/Exception.h>
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <string_view>

#include "collector/collect_command.h"
#include "collector/forward_command.h"
#include "db/error.h"

namespace {

constexpr int kBadInput = 3;
constexpr int kFailure = 4;

int runProgram(int argc, char** argv) {
  namespace collector = ditscope::collector;
  CLI::App program("", "ditscope-collect");
  program.set_version_flag("--version", "ditscope-collect " DITSCOPE_VERSION);
  std::function<int()> command = [] { return 0; };
  if (argc > 1 && std::string_view(argv[1]) == "forward") {
    collector::addForwardCommand(program);
  } else {
    command = collector::addCollectCommand(program);
  }
  try {
    program.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    return program.exit(help);
  } catch (const CLI::CallForVersion& version) {
    return program.exit(version);
  } catch (const CLI::ParseError& error) {
    fmt::print(stderr, "ditscope: command line : {} : see ditscope-collect --help\n", error.what());
    return kBadInput;
  }
  return command();
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
