// SPDX-License-Identifier: Apache-2.0
#include "collector/bench/bench_progress.h"

#include <fmt/core.h>

#include <algorithm>

namespace ditscope::collector::bench {

BenchProgress::BenchProgress(std::vector<Shape> shapes, int rounds, double timeOut, bool wanted)
    : m_shapes(std::move(shapes)), m_rounds(rounds), m_timeOut(timeOut), m_line(wanted) {}

void BenchProgress::update(size_t shape, int roundsDone) {
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - m_start;
  m_line.show(text(shape, roundsDone, elapsed.count()));
}

std::string BenchProgress::text(size_t shape, int roundsDone, double seconds) const {
  if (m_rounds == 0) {
    const double left = std::max(0.0, m_timeOut * double(m_shapes.size()) - seconds);
    return fmt::format("shape {} of {}, {}, round {}, ends in {:.0f} s at most", shape + 1, m_shapes.size(),
                       toString(m_shapes[shape]), roundsDone + 1, left);
  }
  double done = roundsDone * m_shapes[shape].denseFlops(), total = 0;
  for (size_t i = 0; i < m_shapes.size(); ++i) {
    const double work = m_rounds * m_shapes[i].denseFlops();
    total += work;
    if (i < shape) done += work;
  }
  std::string line = fmt::format("shape {} of {}, {}, round {} of {}", shape + 1, m_shapes.size(),
                                 toString(m_shapes[shape]), std::min(roundsDone + 1, m_rounds), m_rounds);
  if (done > 0) line += fmt::format(", ends in {:.0f} s", seconds * (total - done) / done);
  return line;
}

}  // namespace ditscope::collector::bench
