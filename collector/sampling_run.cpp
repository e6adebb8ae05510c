// SPDX-License-Identifier: Apache-2.0
#include "collector/sampling_run.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <optional>

#include "collector/interrupt.h"
#include "collector/probes/nvtx.h"

namespace ditscope::collector {
namespace {

// NVTX ranges around the blocks of one forward: the first holds the embedding too, and the last ends with its
// block. A tap is called after each block.
class LayerRanges {
 public:
  explicit LayerRanges(int layers) : m_layers(layers) { m_range.emplace(NvtxName::Layer, 0); }
  void after(int block) {
    m_range.reset();
    if (block + 1 < m_layers) m_range.emplace(NvtxName::Layer, block + 1);
  }

 private:
  int m_layers;
  std::optional<NvtxRange> m_range;
};

struct Guidance {
  Denoiser& denoiser;
  AttentionBackend& attention;
  const SamplingRequest& request;

  at::Tensor forward(const DenoiserInput& input, int step, const std::vector<db::Branch>& branches) const {
    LayerRanges ranges(denoiser.shape().layers);
    return denoiser.forward(input, {step, branches}, attention,
                            [&ranges](int block, const at::Tensor&) { ranges.after(block); });
  }

  [[nodiscard]] Prediction predict(const at::Tensor& latents, int step, double timestep) const {
    const bool guided = request.guidance > 1;
    const int64_t channels = latents.size(1);
    const auto input = [&](int64_t batch) {
      DenoiserInput in;
      in.latents = batch == 1 ? latents : at::cat({latents, latents});
      in.timestep = at::full({batch}, timestep, latents.options());
      return in;
    };
    if (denoiser.shape().branchesInOneForward && guided) {
      DenoiserInput both = input(2);
      setCondition(both, {db::Branch::Cond, db::Branch::Uncond});
      const at::Tensor out =
          forward(both, step, {db::Branch::Cond, db::Branch::Uncond}).narrow(1, 0, channels);
      return {out.narrow(0, 0, 1), out.narrow(0, 1, 1)};
    }
    DenoiserInput in = input(1);
    setCondition(in, {db::Branch::Cond});
    const at::Tensor cond = forward(in, step, {db::Branch::Cond}).narrow(1, 0, channels);
    if (!guided) return {cond, {}};
    setCondition(in, {db::Branch::Uncond});
    return {cond, forward(in, step, {db::Branch::Uncond}).narrow(1, 0, channels)};
  }

  void setCondition(DenoiserInput& input, const std::vector<db::Branch>& branches) const {
    std::vector<at::Tensor> text;
    std::vector<int64_t> labels;
    for (const db::Branch branch : branches) {
      const bool cond = branch == db::Branch::Cond;
      text.push_back(cond ? request.text : request.uncondText);
      labels.push_back(cond ? request.label : denoiser.shape().nullLabel);
    }
    if (denoiser.shape().classConditional) {
      input.labels = at::tensor(labels, at::kLong).to(input.latents.device());
    } else {
      input.text = at::cat(text);
    }
  }
};

}  // namespace

Prediction predict(Denoiser& denoiser, AttentionBackend& attention, const SamplingRequest& request,
                   const at::Tensor& latents, int step, double timestep) {
  return Guidance{denoiser, attention, request}.predict(latents, step, timestep);
}

at::Tensor Prediction::guided(double guidance) const {
  return uncond.defined() ? uncond + guidance * (cond - uncond) : cond;
}

at::Tensor sample(Denoiser& denoiser, Sampler& sampler, AttentionBackend& attention,
                  const SamplingRequest& request, const RunClock& clock, const StepDone& done) {
  const c10::NoGradGuard noGrad;
  const Guidance guidance{denoiser, attention, request};
  at::Tensor latents = request.noise;
  const int steps = request.onlyFirst > 0 ? std::min(request.onlyFirst, sampler.steps()) : sampler.steps();
  for (int i = 0; i < steps; ++i) {
    const NvtxRange range(NvtxName::Step, i);
    db::Step step{i, sampler.sigmas()[size_t(i)], sampler.timesteps()[size_t(i)], clock.now(), 0};
    try {
      const Prediction prediction = guidance.predict(latents, i, step.timestep);
      latents = sampler.step(i, prediction.guided(request.guidance), latents);
    } catch (const Interrupted&) {
      latents = at::Tensor();
    }
    attention.endStep();
    step.endNs = clock.now();
    if (done) done(step, latents);
    if (!latents.defined()) break;
  }
  return latents;
}

at::Tensor seededNoise(at::IntArrayRef shape, uint64_t seed) {
  return at::randn(shape, at::detail::createCPUGenerator(seed), at::TensorOptions(at::kFloat));
}

}  // namespace ditscope::collector
