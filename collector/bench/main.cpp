// SPDX-License-Identifier: Apache-2.0
// ditscope-bench: attention kernels against their rivals.
#include <fmt/core.h>

#include <CLI/CLI.hpp>

#include "collector/bench/bench_command.h"
#include "collector/program.h"

namespace {

int runProgram(int argc, char** argv) {
  CLI::App program("Compares the attention kernels with LibTorch's and with the machine's peak.",
                   "ditscope-bench");
  program.set_version_flag("--version", "ditscope-bench " DITSCOPE_VERSION);
  const auto command = ditscope::collector::bench::addBenchCommand(program);
  try {
    program.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    return program.exit(help);
  } catch (const CLI::CallForVersion& version) {
    return program.exit(version);
  } catch (const CLI::ParseError& error) {
    fmt::print(stderr, "ditscope: command line : {} : see ditscope-bench --help\n", error.what());
    return ditscope::collector::kBadInput;
  }
  ditscope::collector::restartWithFastSettings(argv);  // the rivals too run as fast as they can
  command();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return ditscope::collector::endWithExitCode([argc, argv] { return runProgram(argc, argv); });
}
