// SPDX-License-Identifier: Apache-2.0
#include <ATen/ATen.h>

#include <cmath>

#include "collector/samplers/flow_sigmas.h"
#include "collector/samplers/sampler.h"

namespace ditscope::collector {
namespace {

// Notation of the paper: lambda = ln(alpha / sigma), h a step in lambda, m_i the clean sample predicted in
// step i, B(h) = e^-h - 1.
class UniPc final : public Sampler {
 public:
  UniPc(const UniPcConfig& config, int steps) {
    std::vector<double> levels = linearlySpaced(1, 1.0 / kTrainTimesteps, steps + 1);
    levels.pop_back();
    for (const double level : levels) {
      double sigma = shiftSigma(level, config.shift);
      if (sigma == 1) sigma -= 1e-6;  // lambda must be finite
      m_sigmas.push_back(static_cast<float>(sigma));
      m_timesteps.push_back(std::trunc(sigma * kTrainTimesteps));  // the model sees integers
    }
    m_sigmas.push_back(0);
  }

  at::Tensor step(int i, const at::Tensor& prediction, const at::Tensor& sample) override {
    at::Tensor x = sample.to(at::kFloat);
    const at::Tensor clean = x - sigma(i) * prediction.to(at::kFloat);  // of the sample before its correction
    if (i > 0) x = correct(i, clean);
    const int order = std::min({2, steps() - i, i + 1});
    at::Tensor next = predict(i, order, x, clean);
    m_before = m_clean;
    m_clean = clean;
    m_corrected = std::move(x);
    m_order = order;
    return next;
  }

 private:
  [[nodiscard]] double sigma(int i) const { return m_sigmas[static_cast<size_t>(i)]; }
  [[nodiscard]] double alpha(int i) const { return 1 - sigma(i); }
  [[nodiscard]] double lambda(int i) const { return std::log(alpha(i)) - std::log(sigma(i)); }

  // The sample of step i again, now that its own prediction is known.
  [[nodiscard]] at::Tensor correct(int i, const at::Tensor& clean) const {
    const double h = lambda(i) - lambda(i - 1);
    const double b = std::expm1(-h);
    const at::Tensor base = (sigma(i) / sigma(i - 1)) * m_corrected - (alpha(i) * b) * m_clean;
    const at::Tensor change = clean - m_clean;
    if (m_order == 1) return base - (alpha(i) * b * 0.5) * change;
    // Weights of the two differences: rho0 + rho1 = k1 / B, r rho0 + rho1 = 2 k2 / B.
    const double r = (lambda(i - 2) - lambda(i - 1)) / h;
    const double k1 = b / -h - 1;
    const double k2 = k1 / -h - 0.5;
    const double rho0 = (2 * k2 / b - k1 / b) / (r - 1);
    const double rho1 = k1 / b - rho0;
    return base - (alpha(i) * b) * (rho0 / r * (m_before - m_clean) + rho1 * change);
  }

  [[nodiscard]] at::Tensor predict(int i, int order, const at::Tensor& x, const at::Tensor& clean) const {
    const double h = lambda(i + 1) - lambda(i);
    const double b = std::expm1(-h);
    const at::Tensor next = (sigma(i + 1) / sigma(i)) * x - (alpha(i + 1) * b) * clean;
    if (order == 1) return next;
    const double r = (lambda(i - 1) - lambda(i)) / h;
    return next - (alpha(i + 1) * b * 0.5 / r) * (m_clean - clean);
  }

  at::Tensor m_clean, m_before;  // predictions of the last step and the one before
  at::Tensor m_corrected;        // corrected sample of the last step
  int m_order = 0;               // of the predictor in the last step
};

}  // namespace

std::unique_ptr<Sampler> makeUniPc(const UniPcConfig& config, int steps) {
  return std::make_unique<UniPc>(config, steps);
}

}  // namespace ditscope::collector
