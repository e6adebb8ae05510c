// SPDX-License-Identifier: Apache-2.0
// ditscope-collect: records runs of diffusion transformers.
#include <c10/util/Exception.h>
#include <fmt/core.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string_view>

#include "collector/calibrate_command.h"
#include "collector/collect_command.h"
#include "collector/compare/compare_methods_command.h"
#include "collector/forward_command.h"
#include "collector/methods_command.h"
#include "collector/plan_command.h"
#include "db/error.h"

namespace {

constexpr int kBadInput = 3;
constexpr int kFailure = 4;

bool hasAvx512() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
#else
  return false;
#endif
}

// OpenMP and OpenBLAS read their settings while they are loaded, so that only a new start of the program can
// change them; where that fails, the run is only slower. What the user has set stays.
// OpenMP threads that spin while they wait make a run on a busy machine ten times slower and more. OpenBLAS
// runs AVX2 kernels on processors that are newer than itself, half as fast as its AVX-512 ones.
void restartWithFastSettings(char** argv) {
  bool changed = false;
  const auto setDefault = [&changed](const char* name, const char* value) {
    if (std::getenv(name) != nullptr) return;
    changed = setenv(name, value, 1) == 0;
  };
  setDefault("OMP_WAIT_POLICY", "passive");
  if (hasAvx512()) setDefault("OPENBLAS_CORETYPE", "SKYLAKEX");
  if (changed) execv("/proc/self/exe", argv);
}

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
      restartWithFastSettings(argv);
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
