// SPDX-License-Identifier: Apache-2.0
// The dense schedule of methods that correct their output by what a dense step left behind, which grows
// stale: dense again in every step whose index is a multiple of a period, and in the first step in any case,
// as Re-ttention (arXiv 2505.22918) has it.
#pragma once

#include "collector/methods/dense_schedule.h"

namespace ditscope::collector {

class PeriodicSchedule {
 public:
  // period: 0 = never again.
  PeriodicSchedule(const Parameters& parameters, const SamplingPlan& plan, int period)
      : m_schedule(parameters, plan), m_period(period), m_steps(plan.steps()) {}

  [[nodiscard]] bool isDense(int step, int layer) const {
    return step == 0 || (m_period > 0 && step % m_period == 0) || m_schedule.isDense(step, layer);
  }
  [[nodiscard]] bool isDense(const MethodCall& call) const { return isDense(call.step, call.layer); }
  // A step behind the last one counts as dense: nothing is kept for it.
  [[nodiscard]] bool nextIsSparse(const MethodCall& call) const {
    return !isDense(call.step + 1, call.layer) && call.step + 1 < m_steps;
  }

 private:
  DenseSchedule m_schedule;
  int m_period;
  int m_steps;
};

}  // namespace ditscope::collector
