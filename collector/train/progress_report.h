// SPDX-License-Identifier: Apache-2.0
// Progress of a training run on stderr: one line that is written over on a terminal, a line every half
// minute in a log.
#pragma once

#include <chrono>

#include "collector/train/trainer.h"

namespace ditscope::collector::train {

class ProgressReport {
 public:
  void operator()(const Phase& phase, const TrainState& state, double stepSeconds);

 private:
  std::chrono::steady_clock::time_point m_shown;
};

}  // namespace ditscope::collector::train
