// SPDX-License-Identifier: Apache-2.0
#include "collector/train/adamw.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace ditscope::collector::train {
namespace {

TensorMap zerosLike(const TensorMap& tensors) {
  TensorMap zeros;
  for (const auto& [name, tensor] : tensors) zeros[name] = at::zeros_like(tensor.detach());
  return zeros;
}

}  // namespace

AdamW::AdamW(TensorMap parameters, const AdamWOptions& options)
    : AdamW(parameters, options, zerosLike(parameters), zerosLike(parameters), 0) {}

AdamW::AdamW(TensorMap parameters, const AdamWOptions& options, TensorMap mean, TensorMap square,
             int64_t steps)
    : m_parameters(std::move(parameters)),
      m_options(options),
      m_mean(std::move(mean)),
      m_square(std::move(square)),
      m_steps(steps) {}

double AdamW::step(double learningRate) {
  const c10::NoGradGuard noGrad;
  double squares = 0;
  for (const auto& [name, parameter] : m_parameters) {
    if (parameter.grad().defined()) squares += parameter.grad().square().sum().item<double>();
  }
  const double norm = std::sqrt(squares);
  const double scale = std::min(1.0, m_options.clipNorm / (norm + 1e-6));
  ++m_steps;
  const double correction1 = 1 - std::pow(m_options.beta1, static_cast<double>(m_steps));
  const double correction2 = 1 - std::pow(m_options.beta2, static_cast<double>(m_steps));
  for (auto& [name, parameter] : m_parameters) {
    if (!parameter.grad().defined()) continue;
    const at::Tensor gradient = parameter.grad() * scale;
    at::Tensor& mean = m_mean.at(name);
    at::Tensor& square = m_square.at(name);
    mean.mul_(m_options.beta1).add_(gradient, 1 - m_options.beta1);
    square.mul_(m_options.beta2).addcmul_(gradient, gradient, 1 - m_options.beta2);
    if (parameter.dim() > 1) parameter.mul_(1 - learningRate * m_options.weightDecay);
    const at::Tensor width = (square / correction2).sqrt_().add_(m_options.eps);
    parameter.addcdiv_(mean, width, -learningRate / correction1);
    parameter.mutable_grad() = at::Tensor();
  }
  return norm;
}

void updateAverage(TensorMap& average, const TensorMap& parameters, double decay, int64_t steps) {
  const c10::NoGradGuard noGrad;
  const double n = static_cast<double>(steps);
  const double keep = std::min(decay, (1 + n) / (10 + n));
  for (auto& [name, mean] : average) mean.lerp_(parameters.at(name), 1 - keep);
}

}  // namespace ditscope::collector::train
