// SPDX-License-Identifier: Apache-2.0
// What on this machine may move the times of kernels beside the code. Only files of the operating system are
// read, never the environment of the process.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "db/model.h"

namespace ditscope::collector {

// clock_policy (governor, boost), compiler, os, affinity, load_start, git_branch, git_state; what cannot be
// found out is left out. root: where /proc and /sys are looked for.
[[nodiscard]] std::vector<db::Circumstance> circumstances(const std::filesystem::path& root = "/");

// Mean number of runnable tasks over the last minute; NaN when it is not known.
[[nodiscard]] double loadAverage(const std::filesystem::path& root = "/");

// Since the machine's start, over all processors: time that a hypervisor gave to others, and all time.
struct StolenTime {
  double stolen = 0, all = 0;
};
[[nodiscard]] StolenTime stolenTime(const std::filesystem::path& root = "/");

}  // namespace ditscope::collector
