// SPDX-License-Identifier: Apache-2.0
// The calls of a benchmark as kernel rows of a trace, each contender a launch configuration of its own, so
// that traces of different days can be compared.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "collector/bench/contender.h"
#include "collector/bench/sampling.h"
#include "collector/circumstances.h"
#include "collector/run_clock.h"
#include "db/trace_writer.h"

namespace ditscope::collector::bench {

class BenchTrace {
 public:
  BenchTrace(const std::filesystem::path& path, const db::Run& run, bool overwrite);  // throws db::Error

  // The contenders of the calls that follow; `suffix` tells shapes and settings apart in their names.
  void startShape(std::span<const Contender> contenders, const std::string& suffix);
  void add(const Sample& sample);  // that has just ended; written when its shape ends
  void endShape(const Samples& samples, const std::string& suffix);
  void finish();

 private:
  db::Run m_run;
  db::TraceWriter m_writer;
  RunClock m_clock;
  int64_t m_device = 0;
  std::vector<int32_t> m_configs;
  StolenTime m_stolen = stolenTime();
  std::vector<int64_t> m_ends;           // of the calls of this shape, ns
  int64_t m_calls = 0, m_throttled = 0;  // that count
};

}  // namespace ditscope::collector::bench
