// SPDX-License-Identifier: Apache-2.0
#include <ATen/ATen.h>

#include "collector/samplers/flow_sigmas.h"
#include "collector/samplers/sampler.h"

namespace ditscope::collector {
namespace {

class FlowEuler final : public Sampler {
 public:
  FlowEuler(const FlowEulerConfig& config, int steps) {
    const std::vector<double> levels =
        config.sigmas == FlowEulerConfig::Sigmas::Linear
            ? linearlySpaced(1, 1.0 / steps, steps)
            : linearlySpaced(1, shiftSigma(1.0 / kTrainTimesteps, config.shift), steps);
    for (const double level : levels) {
      m_sigmas.push_back(static_cast<float>(shiftSigma(level, config.shift)));
      m_timesteps.push_back(static_cast<float>(m_sigmas.back() * kTrainTimesteps));
    }
    m_sigmas.push_back(0);
  }

  at::Tensor step(int i, const at::Tensor& prediction, const at::Tensor& sample) override {
    const auto at = static_cast<size_t>(i);
    return sample.to(at::kFloat) + (m_sigmas[at + 1] - m_sigmas[at]) * prediction.to(at::kFloat);
  }
};

}  // namespace

std::unique_ptr<Sampler> makeFlowEuler(const FlowEulerConfig& config, int steps) {
  return std::make_unique<FlowEuler>(config, steps);
}

}  // namespace ditscope::collector
