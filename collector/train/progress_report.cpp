// SPDX-License-Identifier: Apache-2.0
#include "collector/train/progress_report.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <ctime>

namespace ditscope::collector::train {

void ProgressReport::operator()(const Phase& phase, const TrainState& state, double stepSeconds) {
  using Clock = std::chrono::steady_clock;
  const bool terminal = isatty(STDERR_FILENO) != 0;
  const bool last = progress(phase, state) >= 1;
  if (!last && Clock::now() - m_shown < std::chrono::seconds(terminal ? 1 : 30)) return;
  m_shown = Clock::now();
  const double share = std::max(1e-6, progress(phase, state));
  const double left = std::max(0.0, state.phaseSeconds * (1 / share - 1));
  const std::time_t end = std::time(nullptr) + static_cast<std::time_t>(left);
  char clock[16];
  std::strftime(clock, sizeof clock, "%H:%M:%S", std::localtime(&end));
  fmt::print(stderr, "{}phase {} {}x{}x{}  step {}  loss {:.4f}  {:.1f} clips/s  phase ends {}{}",
             terminal ? "\r" : "", state.phase, phase.kept(), phase.shape.size, phase.shape.size, state.steps,
             state.loss, static_cast<double>(phase.batch) / stepSeconds, clock,
             terminal && !last ? "" : "\n");
  std::fflush(stderr);
}

}  // namespace ditscope::collector::train
