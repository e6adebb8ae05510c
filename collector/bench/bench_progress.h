// SPDX-License-Identifier: Apache-2.0
// How far a benchmark of several shapes is, and when all of it ends. Rounds of one shape take about the same
// time; those of another are weighed by their dense work.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "collector/bench/contender.h"
#include "collector/progress_line.h"

namespace ditscope::collector::bench {

class BenchProgress {
 public:
  // rounds: of a shape, with warm-ups; 0 = until the times say enough, but `timeOut` seconds at most.
  BenchProgress(std::vector<Shape> shapes, int rounds, double timeOut, bool wanted);
  void update(size_t shape, int roundsDone);
  void finish() { m_line.finish(); }  // ends the line, so that a table can follow

  // "shape 2 of 3, 1x8x4096x64, round 4 of 11, ends in 21 s"; without the end while nothing is done. With a
  // time-out "round 4, ends in 21 s at most".
  [[nodiscard]] std::string text(size_t shape, int roundsDone, double seconds) const;

 private:
  std::vector<Shape> m_shapes;
  int m_rounds;
  double m_timeOut;
  ProgressLine m_line;
  std::chrono::steady_clock::time_point m_start = std::chrono::steady_clock::now();
};

}  // namespace ditscope::collector::bench
