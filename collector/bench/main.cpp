// SPDX-License-Identifier: Apache-2.0
// ditscope-bench: attention kernels against their rivals.
#include <c10/util/Exception.h>
#include <fmt/core.h>

#include <CLI/CLI.hpp>

#include "collector/bench/bench_command.h"
#include "db/error.h"

namespace {

constexpr int kBadInput = 3;
constexpr int kFailure = 4;

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
