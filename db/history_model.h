// SPDX-License-Identifier: Apache-2.0
// The plain values of a history of kernel times. Times in ns, clocks in Hz.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace ditscope::db {

struct HistoryRun {
  int64_t id = 0;      // given by the file
  std::string uuid{};  // of the trace
  int64_t startedUtcNs = 0;
  std::string file{};  // the trace, as it was given
  std::string gitCommit{}, branch{};
  std::string machine{};  // driver, CUDA, LibTorch, clock policy: what changes times when it changes
};

struct HistorySeries {
  int64_t id = 0;  // given by the file
  std::string kernel{};
  std::string description{};  // kernel, launch configuration and problem
  std::string device{};
};

struct HistoryPoint {
  int64_t seriesId = 0, runId = 0;
  int64_t samples = 0;
  double medianNs = 0, q1Ns = 0, q3Ns = 0, minNs = 0;
  double clockHz = std::numeric_limits<double>::quiet_NaN();  // NaN = not known
};

struct HistoryMark {  // of a change that begins with a run
  int64_t seriesId = 0, runId = 0;
  bool accepted = false;  // the new normal; otherwise it is none: noise, another machine
  std::string note;
};

struct HistoryBaseline {
  std::string name, branch;
  std::vector<int64_t> runIds;  // ascending
};

}  // namespace ditscope::db
