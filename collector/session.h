// SPDX-License-Identifier: Apache-2.0
// A model that is loaded together with its request: runs generations of it, with or without a recorder.
#pragma once

#include <functional>
#include <memory>

#include "collector/collect.h"
#include "collector/methods/registry.h"
#include "collector/pipeline_folder.h"
#include "collector/sampling_run.h"

namespace ditscope::collector {

struct Generation {
  at::Tensor latents;  // undefined when it was interrupted
  AttentionTotals attention;
};

class Session {
 public:
  // `options` outlives the session. Throws db::Error for anything in them that does not fit the model.
  // Computes where `where` says.
  Session(const CollectOptions& options, std::function<bool()> stop, const LoadOptions& where = {});

  // A fresh method and a fresh sampler each time; the same noise. `onlyFirst` stops after so many of the
  // options' steps; 0 = runs all.
  Generation generate(const RunClock& clock, Recorder* recorder, const StepDone& done = {},
                      int onlyFirst = 0) const;
  // With another method and request than the options'.
  Generation generate(const MethodMaker& newMethod, const SamplingRequest& request, const RunClock& clock,
                      Recorder* recorder, const StepDone& done = {}) const;

  // What a generation is made of, for those that run its steps themselves.
  [[nodiscard]] Denoiser& denoiser() const { return *m_denoiser; }
  [[nodiscard]] std::unique_ptr<Sampler> newSampler(int steps) const;
  [[nodiscard]] SamplingRequest request(const CollectOptions& options) const;

  [[nodiscard]] bool stopped() const { return m_stop && m_stop(); }
  [[nodiscard]] db::Run describe() const;
  [[nodiscard]] std::vector<db::Layer> layers() const;  // self attention, then cross attention

 private:
  Generation generate(const MethodMaker& newMethod, const SamplingRequest& request, int steps,
                      const RunClock& clock, Recorder* recorder, const StepDone& done) const;

  const CollectOptions& m_options;
  std::function<bool()> m_stop;
  LoadOptions m_where;
  MethodMaker m_newMethod;
  PipelineFolder m_folder;
  std::unique_ptr<Denoiser> m_denoiser;
  SamplerConfig m_sampler;
  SamplingRequest m_request;
};

}  // namespace ditscope::collector
