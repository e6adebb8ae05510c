// SPDX-License-Identifier: Apache-2.0
// Samplers turn noise into a sample, one prediction of the denoiser a step; the numbers are those of
// diffusers' schedulers. All three start from plain N(0, 1) noise and compute in f32.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace ditscope::collector {

class Sampler {
 public:
  virtual ~Sampler() = default;
  [[nodiscard]] int steps() const { return static_cast<int>(m_timesteps.size()); }
  // What the model sees in step i; fractional for FlowEuler.
  [[nodiscard]] const std::vector<double>& timesteps() const { return m_timesteps; }
  // Share of noise in the sample before step i; steps() + 1 values, the last one is of the result.
  [[nodiscard]] const std::vector<double>& sigmas() const { return m_sigmas; }
  // The sample after step i. Called once for each i = 0 .. steps() - 1, in order; the prediction has the
  // sample's shape (drop a model's variance channels before).
  virtual at::Tensor step(int i, const at::Tensor& prediction, const at::Tensor& sample) = 0;

 protected:
  std::vector<double> m_timesteps;
  std::vector<double> m_sigmas;
};

// Rectified flow: x' = x + (sigma' - sigma) v (Esser et al. 2024, arXiv 2403.03206).
struct FlowEulerConfig {
  enum class Sigmas : uint8_t {
    TrainingRange,  // diffusers' default path, which shifts twice
    Linear,         // 1, 1 - 1/n, ..., 1/n, shifted once
  };
  double shift = 1;
  Sigmas sigmas = Sigmas::TrainingRange;
};

// UniPC of order 2, bh2, on flow-matching sigmas (Zhao et al. 2023, arXiv 2302.04867).
struct UniPcConfig {
  double shift = 1;
};

// Deterministic DDIM on noise predictions, "leading" timesteps (Song et al. 2021, arXiv 2010.02502).
struct DdimConfig {
  double betaStart = 1e-4;
  double betaEnd = 0.02;
  bool scaledLinear = false;  // betas are squares of linearly spaced roots
  bool clipSample = true;
  double clipRange = 1;
  bool lastAlphaIsOne = true;
  int stepsOffset = 0;
};

using SamplerConfig = std::variant<FlowEulerConfig, UniPcConfig, DdimConfig>;
inline constexpr int kTrainTimesteps = 1000;

// Reads FOLDER/scheduler_config.json as diffusers writes it. Throws db::Error for a scheduler or an option
// that is not supported.
SamplerConfig readSamplerConfig(const std::filesystem::path& folder);

// By name (euler, unipc, ddim), with the usual parameters of the model class; an empty name is the class's
// usual sampler. Throws db::Error for an unknown name and for one that does not fit the class's predictions.
SamplerConfig defaultSamplerConfig(const std::string& className, const std::string& name = {});

// diffusers' class name.
std::string schedulerName(const SamplerConfig& config);

// Throws db::Error when steps is not in 1 .. kTrainTimesteps.
std::unique_ptr<Sampler> makeSampler(const SamplerConfig& config, int steps);
std::unique_ptr<Sampler> makeFlowEuler(const FlowEulerConfig& config, int steps);
std::unique_ptr<Sampler> makeUniPc(const UniPcConfig& config, int steps);
std::unique_ptr<Sampler> makeDdim(const DdimConfig& config, int steps);

}  // namespace ditscope::collector
