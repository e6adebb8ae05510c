// SPDX-License-Identifier: Apache-2.0
#include "collector/methods/dense_schedule.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace ditscope::collector {
namespace {

int countOf(double value, int all) {  // a count, or below 1 a share
  return std::min(int(value < 1 ? std::floor(value * all + 1e-9) : value), all);
}

}  // namespace

std::vector<ParameterSpec> withSchedule(std::vector<ParameterSpec> own, DenseDefaults defaults) {
  own.push_back(number("dense_steps", fmt::format("{}", defaults.steps), 0, 10000,
                       "first steps that run dense; below 1 a share of all steps"));
  own.push_back(number("dense_until", "1", 0, 1,
                       "dense too while the timestep, as a share of the training timesteps, is above this"));
  own.push_back(integer("dense_last", "0", 0, 10000, "last steps that run dense"));
  own.push_back(number("dense_layers", fmt::format("{}", defaults.layers), 0, 10000,
                       "first layers that run dense; below 1 a share of all layers"));
  return own;
}

DenseSchedule::DenseSchedule(const Parameters& parameters, const SamplingPlan& plan)
    : m_told(plan.denseSteps),
      m_first(countOf(parameters.number("dense_steps"), plan.steps())),
      m_last(plan.steps() - parameters.integer("dense_last")),
      m_layers(countOf(parameters.number("dense_layers"), plan.layers)) {
  const double until = parameters.number("dense_until");
  const auto above = std::count_if(plan.timesteps.begin(), plan.timesteps.end(),
                                   [until](double timestep) { return timestep > until; });
  m_first = std::max(m_first, int(above));
  while (m_first < int(m_told.size()) && m_told[size_t(m_first)]) ++m_first;
}

bool DenseSchedule::isDense(int step, int layer) const {
  const bool told = step < int(m_told.size()) && m_told[size_t(step)];
  return told || step < m_first || step >= m_last || layer < m_layers;
}

bool DenseSchedule::isLastDense(const MethodCall& call) const {
  return isDense(call) && call.step + 1 < m_last && !isDense(call.step + 1, call.layer);
}

}  // namespace ditscope::collector
