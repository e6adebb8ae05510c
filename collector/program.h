// SPDX-License-Identifier: Apache-2.0
// What the collector's programs have in common: how they start, and how they end when something goes wrong.
#pragma once

#include <functional>

namespace ditscope::collector {

inline constexpr int kBadInput = 3;  // exit codes
inline constexpr int kFailure = 4;

// OpenMP and OpenBLAS read their settings while they are loaded, so that only a new start of the program can
// change them; where that fails, the run is only slower. What the user has set stays.
// OpenMP threads that spin while they wait make a run on a busy machine ten times slower and more. OpenBLAS
// runs AVX2 kernels on processors that are newer than itself, half as fast as its AVX-512 ones.
void restartWithFastSettings(char** argv);

// The exit code of `run`; an exception becomes one line on stderr and the exit code that it stands for.
int endWithExitCode(const std::function<int()>& run);

}  // namespace ditscope::collector
