// SPDX-License-Identifier: Apache-2.0
#include "collector/program.h"

#include <c10/util/Exception.h>
#include <fmt/core.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <exception>

#include "db/error.h"

namespace ditscope::collector {
namespace {

bool hasAvx512() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
#else
  return false;
#endif
}

}  // namespace

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

int endWithExitCode(const std::function<int()>& run) {
  try {
    return run();
  } catch (const db::Error& error) {
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

}  // namespace ditscope::collector
