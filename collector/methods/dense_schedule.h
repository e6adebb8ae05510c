// SPDX-License-Identifier: Apache-2.0
// Which calls run dense whatever the method: the parameters that methods share. A comparison of methods is
// one of masks only when their dense schedules are equal.
#pragma once

#include <vector>

#include "collector/methods/method.h"

namespace ditscope::collector {

struct DenseDefaults {
  double steps = 0;   // first steps; below 1 a share of all
  double layers = 0;  // first layers; likewise
};

// `own` and, behind it, the keys of the schedule: dense_steps, dense_until, dense_last, dense_layers.
[[nodiscard]] std::vector<ParameterSpec> withSchedule(std::vector<ParameterSpec> own,
                                                      DenseDefaults defaults = {});

class DenseSchedule {
 public:
  DenseSchedule(const Parameters& parameters, const SamplingPlan& plan);

  [[nodiscard]] bool isDense(int step, int layer) const;
  [[nodiscard]] bool isDense(const MethodCall& call) const { return isDense(call.step, call.layer); }
  // A dense call after which the layer runs sparse: the time to search or to cache.
  [[nodiscard]] bool isLastDense(const MethodCall& call) const;
  [[nodiscard]] int firstSparseStep() const { return m_first; }  // of the layers that are not always dense

 private:
  std::vector<bool> m_told;  // [steps] or empty: dense because the configuration says so
  int m_first = 0;           // steps before it are dense
  int m_last = 0;            // it and the steps after it are dense
  int m_layers = 0;          // layers before it are dense
};

}  // namespace ditscope::collector
