// SPDX-License-Identifier: Apache-2.0
#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "collector/samplers/sampler.h"
#include "db/error.h"

namespace ditscope::collector {
namespace {

class Ddim final : public Sampler {
 public:
  Ddim(const DdimConfig& config, int steps) : m_config(config), m_stride(kTrainTimesteps / steps) {
    const bool roots = config.scaledLinear;
    at::Tensor betas =
        at::linspace(roots ? std::sqrt(config.betaStart) : config.betaStart,
                     roots ? std::sqrt(config.betaEnd) : config.betaEnd, kTrainTimesteps, at::kFloat);
    if (roots) betas = betas * betas;
    m_alphas = at::cumprod(1 - betas, 0);
    const int first = (steps - 1) * m_stride + config.stepsOffset;
    if (first >= kTrainTimesteps) {
      throw db::Error(db::Error::Kind::BadInput, "steps",
                      "this scheduler's steps_offset leaves no room for so many", "choose fewer steps");
    }
    for (int i = 0; i < steps; ++i) {
      m_timesteps.push_back(first - i * m_stride);
      m_sigmas.push_back(std::sqrt(1 - alpha(timestep(i))));
    }
    m_sigmas.push_back(std::sqrt(1 - alpha(timestep(steps - 1) - m_stride)));
  }

  at::Tensor step(int i, const at::Tensor& prediction, const at::Tensor& sample) override {
    const double now = alpha(timestep(i));
    const double next = alpha(timestep(i) - m_stride);
    const at::Tensor noise = prediction.to(at::kFloat);
    at::Tensor clean = (sample.to(at::kFloat) - std::sqrt(1 - now) * noise) / std::sqrt(now);
    if (m_config.clipSample) clean = clean.clamp(-m_config.clipRange, m_config.clipRange);
    return std::sqrt(next) * clean + std::sqrt(1 - next) * noise;
  }

 private:
  [[nodiscard]] int timestep(int i) const { return static_cast<int>(m_timesteps[static_cast<size_t>(i)]); }
  // Cumulative product of 1 - beta: the share of signal power.
  [[nodiscard]] double alpha(int timestep) const {
    if (timestep < 0 && m_config.lastAlphaIsOne) return 1;
    return m_alphas.data_ptr<float>()[std::max(0, timestep)];
  }

  DdimConfig m_config;
  int m_stride;
  at::Tensor m_alphas;
};

}  // namespace

std::unique_ptr<Sampler> makeDdim(const DdimConfig& config, int steps) {
  return std::make_unique<Ddim>(config, steps);
}

}  // namespace ditscope::collector
