// SPDX-License-Identifier: Apache-2.0
#include "collector/session.h"

#include <ATen/ATen.h>
#include <fmt/core.h>

#include "collector/conditioning.h"
#include "collector/environment.h"
#include "collector/methods/configured.h"
#include "collector/placement.h"
#include "db/config_file.h"
#include "db/error.h"

namespace ditscope::collector {
namespace {

SamplerConfig chooseSampler(const CollectOptions& options, const PipelineFolder& folder,
                            const Denoiser& denoiser) {
  if (options.sampler.empty() && folder.scheduler) return readSamplerConfig(*folder.scheduler);
  return defaultSamplerConfig(denoiser.shape().className, options.sampler);
}

void checkLayers(const std::set<int>& chosen, int layers) {
  if (chosen.empty() || *chosen.rbegin() < layers) return;
  throw db::Error(db::Error::Kind::BadInput, fmt::format("--layers {}", *chosen.rbegin()),
                  fmt::format("the model has {} layers", layers),
                  fmt::format("give layers from 0 to {}", layers - 1));
}

SamplingPlan planOf(const Sampler& sampler, const DenoiserShape& shape) {
  SamplingPlan plan{{}, shape.layers, shape.heads};
  for (const double timestep : sampler.timesteps()) plan.timesteps.push_back(timestep / kTrainTimesteps);
  return plan;
}

MethodMaker methodOf(const CollectOptions& options) {
  if (options.config.empty()) return parseMethod(options.method);
  return configuredMethod(db::readConfig(options.config), options.config.string());
}

}  // namespace

Session::Session(const CollectOptions& options, std::function<bool()> stop, const LoadOptions& where)
    : m_options(options),
      m_stop(std::move(stop)),
      m_where(where),
      m_newMethod(methodOf(options)),
      m_folder(readPipelineFolder(findModel(options.model))),
      m_denoiser(loadDenoiser(m_folder.model, where)),
      m_sampler(chooseSampler(options, m_folder, *m_denoiser)),
      m_request(request(options)) {
  checkLayers(options.record.layers, m_denoiser->shape().layers);
  if (!options.config.empty()) checkFits(db::readConfig(options.config), options.config.string(), describe());
  (void)m_newMethod(planOf(*newSampler(options.steps), m_denoiser->shape()));  // refuses what does not fit
}

std::unique_ptr<Sampler> Session::newSampler(int steps) const {
  return makeSampler(m_sampler, steps);
}

SamplingRequest Session::request(const CollectOptions& options) const {
  SamplingRequest request = makeRequest(options, m_folder, m_denoiser->shape());
  for (at::Tensor* tensor : {&request.noise, &request.text, &request.uncondText}) {
    if (tensor->defined()) *tensor = tensor->to(m_where.device);
  }
  return request;
}

Generation Session::generate(const RunClock& clock, Recorder* recorder, const StepDone& done,
                             int onlyFirst) const {
  SamplingRequest request = m_request;
  request.onlyFirst = onlyFirst;
  return generate(m_newMethod, request, clock, recorder, done);
}

Generation Session::generate(const MethodMaker& newMethod, const SamplingRequest& request,
                             const RunClock& clock, Recorder* recorder, const StepDone& done) const {
  const std::unique_ptr<Sampler> sampler = newSampler(m_options.steps);
  InstrumentedAttention attention(newMethod(planOf(*sampler, m_denoiser->shape())), m_options.block, clock,
                                  recorder, m_stop);
  const at::Tensor latents = sample(*m_denoiser, *sampler, attention, request, clock, done);
  attention.finish();
  return {latents, attention.totals()};
}

db::Run Session::describe() const {
  const DenoiserShape& shape = m_denoiser->shape();
  db::Run run;
  run.uuid = run.groupUuid = newUuid();
  run.tool = "ditscope-collect " DITSCOPE_VERSION;
  run.source = "live";
  run.model = shape.className;
  run.modelPath = m_options.model;  // as given: a trace that is shared tells nothing about the machine
  run.scheduler = schedulerName(m_sampler);
  run.method = m_options.config.empty() ? m_options.method : "config:" + m_options.config.filename().string();
  run.record = m_options.record.level;
  run.nSteps = m_options.steps;
  run.nLayers = shape.layers;
  run.nHeads = shape.heads;
  run.grid = m_denoiser->tokenGrid(m_request.noise);
  run.seqLen = run.grid.count();
  run.blockQ = run.blockK = m_options.block;
  run.dtype = dtypeText(m_where.dtype);
  run.seed = m_options.seed;
  run.label = m_options.promptEmbeds.empty() ? m_request.label : -1;
  run.guidance = m_request.guidance;
  run.gitCommit = gitCommit();
  run.torch = torchVersion();
  run.blas = loadedBlas().name;
  return run;
}

std::vector<db::Layer> Session::layers() const {
  const DenoiserShape& shape = m_denoiser->shape();
  const char* blocks = shape.classConditional ? "transformer_blocks" : "blocks";
  std::vector<db::Layer> layers;
  for (int i = 0; i < shape.layers; ++i) {
    layers.push_back({i, fmt::format("{}.{}", blocks, i), db::AttnKind::Self, shape.heads, shape.headDim});
  }
  for (int i = 0; !shape.classConditional && i < shape.layers; ++i) {
    layers.push_back({shape.layers + i, fmt::format("{}.{}.attn2", blocks, i), db::AttnKind::Cross,
                      shape.heads, shape.headDim});
  }
  return layers;
}

}  // namespace ditscope::collector
