// SPDX-License-Identifier: Apache-2.0
#include "collector/plan_search.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <array>
#include <utility>

#include "collector/instrumented_attention.h"
#include "collector/interrupt.h"
#include "collector/methods/ditfastattn.h"

namespace ditscope::collector {
namespace {

using Attention = Treatment::Attention;

constexpr std::array<Treatment, 4> kCheapestFirst = {{{Attention::Share, false},
                                                      {Attention::Window, true},
                                                      {Attention::Window, false},
                                                      {Attention::Full, true}}};

class Borrowed final : public Method {  // a method that outlives the attention that it serves
 public:
  explicit Borrowed(Method& method) : m_method(method) {}
  Plan plan(const MethodCall& call) override { return m_method.plan(call); }
  void observe(const MethodCall& call, MethodResult& result) override { m_method.observe(call, result); }

 private:
  Method& m_method;
};

class PlanSearch {
 public:
  PlanSearch(Denoiser& denoiser, std::vector<CalibrationSample> samples, const PlanSearchOptions& options,
             const PlanSearchProgress& progress, const std::function<bool()>& stop)
      : m_denoiser(denoiser),
        m_options(options),
        m_progress(progress),
        m_stop(stop),
        m_result{CompressionPlan(samples.front().sampler->steps(), denoiser.shape().layers), 0, {}} {
    m_result.plan.window = options.window;
    for (CalibrationSample& sample : samples) {
      m_runs.push_back({std::move(sample), {}, DitFastAttn(m_result.plan, DitFastAttn::Keep::Everything)});
      m_runs.back().latents = m_runs.back().sample.request.noise;
    }
  }

  PlanSearchResult search() && {
    const c10::NoGradGuard noGrad;
    try {
      for (int step = 0; step < m_result.plan.steps(); ++step) {
        if (step > 0) choose(step);
        advance(step);
        m_result.searchedSteps = step + 1;
      }
      for (const Run& run : m_runs) m_result.latents.push_back(run.latents);
    } catch (const Interrupted&) {
      for (int layer = 0; layer < m_result.plan.layers(); ++layer) {
        m_result.plan.at(m_result.searchedSteps, layer) = {};
      }
      m_result.latents.resize(m_runs.size());
    }
    return std::move(m_result);
  }

 private:
  struct Run {
    CalibrationSample sample;
    at::Tensor latents;
    DitFastAttn method;  // with the state that the steps so far have left behind
  };

  [[nodiscard]] Prediction predictWith(Method& method, const Run& run, int step) const {
    const RunClock clock;
    InstrumentedAttention attention(std::make_unique<Borrowed>(method), m_options.block, clock, nullptr,
                                    m_stop);
    return predict(m_denoiser, attention, run.sample.request, run.latents, step,
                   run.sample.sampler->timesteps()[size_t(step)]);
  }

  // With the treatments that the plan gives this step; the run's state stays as it is.
  [[nodiscard]] Prediction tryPlan(const Run& run, int step) const {
    DitFastAttn trial = run.method;
    trial.compression() = m_result.plan;
    return predictWith(trial, run, step);
  }

  void choose(int step) {
    std::vector<Prediction> full;
    for (const Run& run : m_runs) full.push_back(tryPlan(run, step));
    const int layers = m_result.plan.layers();
    for (int layer = 0; layer < layers; ++layer) {
      chooseLayer(step, layer, full, m_options.threshold * (layer + 1) / layers);
      if (m_progress) m_progress(step, layer);
    }
  }

  void chooseLayer(int step, int layer, const std::vector<Prediction>& full, double bound) {
    Treatment& treatment = m_result.plan.at(step, layer);
    for (const Treatment& candidate : kCheapestFirst) {
      if (candidate.sharesBranches && !full.front().uncond.defined()) continue;
      treatment = candidate;
      if (changesLessThan(bound, step, full)) return;
    }
    treatment = {};
  }

  [[nodiscard]] bool changesLessThan(double bound, int step, const std::vector<Prediction>& full) const {
    const double samples = double(m_runs.size());
    double sum = 0;
    for (size_t i = 0; i < m_runs.size(); ++i) {
      const Prediction tried = tryPlan(m_runs[i], step);
      const double cond = influence(full[i].cond, tried.cond);
      sum += tried.uncond.defined() ? (cond + influence(full[i].uncond, tried.uncond)) / 2 : cond;
      if (!(sum < bound * samples)) return false;  // it only grows
    }
    return true;
  }

  void advance(int step) {
    for (Run& run : m_runs) {
      run.method.compression() = m_result.plan;
      const at::Tensor prediction = predictWith(run.method, run, step).guided(run.sample.request.guidance);
      run.latents = run.sample.sampler->step(step, prediction, run.latents);
    }
  }

  Denoiser& m_denoiser;
  const PlanSearchOptions& m_options;
  const PlanSearchProgress& m_progress;
  const std::function<bool()>& m_stop;
  PlanSearchResult m_result;
  std::vector<Run> m_runs;
};

}  // namespace

PlanSearchResult searchPlan(Denoiser& denoiser, std::vector<CalibrationSample> samples,
                            const PlanSearchOptions& options, const PlanSearchProgress& progress,
                            const std::function<bool()>& stop) {
  return PlanSearch(denoiser, std::move(samples), options, progress, stop).search();
}

double influence(const at::Tensor& full, const at::Tensor& compressed) {
  const at::Tensor a = full.to(at::kDouble), b = compressed.to(at::kDouble);
  return ((a - b) / (at::maximum(a, b) + 1e-6)).abs().clamp(0, 10).mean().item<double>();
}

}  // namespace ditscope::collector
