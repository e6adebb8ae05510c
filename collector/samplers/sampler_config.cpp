// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "collector/config_reader.h"
#include "collector/json_file.h"
#include "collector/samplers/sampler.h"
#include "db/error.h"

namespace ditscope::collector {
namespace {

constexpr const char* kFlowEuler = "FlowMatchEulerDiscreteScheduler";
constexpr const char* kUniPc = "UniPCMultistepScheduler";
constexpr const char* kDdim = "DDIMScheduler";
constexpr double kWanShift = 3;  // for 480 lines, as in diffusers' example

double readShift(const ConfigReader& config, const char* key) {
  double shift = 1;
  config.read(key, shift);
  if (shift <= 0) config.refuse(fmt::format("{} is not above 0", key), "use a shift such as 3");
  return shift;
}

// Other spacings of the noise levels, which diffusers offers in several schedulers.
void requirePlainSpacing(const ConfigReader& config) {
  config.require("num_train_timesteps", kTrainTimesteps);
  for (const char* key :
       {"use_karras_sigmas", "use_exponential_sigmas", "use_beta_sigmas", "use_dynamic_shifting"}) {
    config.require(key, false);
  }
}

FlowEulerConfig readFlowEuler(const ConfigReader& config) {
  requirePlainSpacing(config);
  config.require("invert_sigmas", false);
  config.require("stochastic_sampling", false);
  if (config.has("shift_terminal")) config.refuse("shift_terminal is not supported", "remove it");
  return {readShift(config, "shift"), FlowEulerConfig::Sigmas::TrainingRange};
}

UniPcConfig readUniPc(const ConfigReader& config) {
  requirePlainSpacing(config);
  config.require("solver_order", 2);
  config.require("solver_type", "bh2");
  config.require("predict_x0", true);
  config.require("lower_order_final", true);
  config.require("disable_corrector", nlohmann::json::array());
  config.require("thresholding", false);
  config.require("final_sigmas_type", "zero");
  std::string prediction;
  bool flow = false;
  config.read("prediction_type", prediction);
  config.read("use_flow_sigmas", flow);
  if (!flow || prediction != "flow_prediction") {
    config.refuse("only flow matching is supported",
                  "set use_flow_sigmas and prediction_type flow_prediction");
  }
  return {readShift(config, "flow_shift")};
}

DdimConfig readDdim(const ConfigReader& config) {
  config.require("num_train_timesteps", kTrainTimesteps);
  config.require("prediction_type", "epsilon");
  config.require("timestep_spacing", "leading");
  config.require("rescale_betas_zero_snr", false);
  config.require("thresholding", false);
  if (config.has("trained_betas")) config.refuse("trained_betas is not supported", "use a beta_schedule");
  DdimConfig ddim;
  std::string schedule = "linear";
  int64_t offset = 0;
  config.read("beta_schedule", schedule);
  config.read("beta_start", ddim.betaStart);
  config.read("beta_end", ddim.betaEnd);
  config.read("clip_sample", ddim.clipSample);
  config.read("clip_sample_range", ddim.clipRange);
  config.read("set_alpha_to_one", ddim.lastAlphaIsOne);
  config.read("steps_offset", offset, 0, 1);
  if (schedule != "linear" && schedule != "scaled_linear") {
    config.refuse("this beta_schedule is not supported", "use linear or scaled_linear");
  }
  if (!(0 < ddim.betaStart && ddim.betaStart <= ddim.betaEnd && ddim.betaEnd < 1)) {
    config.refuse("the betas do not rise inside 0 .. 1", "use beta_start 0.0001 and beta_end 0.02");
  }
  ddim.scaledLinear = schedule == "scaled_linear";
  ddim.stepsOffset = static_cast<int>(offset);
  return ddim;
}

[[noreturn]] void refuseName(const std::string& name, const std::string& why, const std::string& remedy) {
  throw db::Error(db::Error::Kind::BadInput, "sampler " + name, why, remedy);
}

}  // namespace

SamplerConfig readSamplerConfig(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / "scheduler_config.json";
  const ConfigReader config(readJsonObject(file), file);
  std::string name;
  config.read("_class_name", name);
  if (name == kFlowEuler) return readFlowEuler(config);
  if (name == kUniPc) return readUniPc(config);
  if (name == kDdim) return readDdim(config);
  config.refuse("its _class_name is none of the supported schedulers",
                fmt::format("use {}, {} or {}", kFlowEuler, kUniPc, kDdim));
}

SamplerConfig defaultSamplerConfig(const std::string& className, const std::string& name) {
  const bool flow = className == "WanTransformer3DModel";
  if (name.empty()) return defaultSamplerConfig(className, flow ? "unipc" : "ddim");
  if (name != "euler" && name != "unipc" && name != "ddim") {
    refuseName(name, "there is no such sampler", "choose euler, unipc or ddim");
  }
  if (flow != (name != "ddim")) {
    refuseName(name, fmt::format("it does not fit what {} predicts", className),
               flow ? "choose euler or unipc" : "choose ddim");
  }
  if (name == "euler") return FlowEulerConfig{kWanShift, FlowEulerConfig::Sigmas::Linear};
  if (name == "unipc") return UniPcConfig{kWanShift};
  DdimConfig ddim;
  ddim.clipSample = false;
  return ddim;
}

std::string schedulerName(const SamplerConfig& config) {
  constexpr const char* kNames[] = {kFlowEuler, kUniPc, kDdim};  // in the order of the variant
  return kNames[config.index()];
}

std::unique_ptr<Sampler> makeSampler(const SamplerConfig& config, int steps) {
  if (steps < 1 || steps > kTrainTimesteps) {
    throw db::Error(db::Error::Kind::BadInput, "steps",
                    fmt::format("{} is not in 1 .. {}", steps, kTrainTimesteps), "choose for example 20");
  }
  if (const auto* euler = std::get_if<FlowEulerConfig>(&config)) return makeFlowEuler(*euler, steps);
  if (const auto* unipc = std::get_if<UniPcConfig>(&config)) return makeUniPc(*unipc, steps);
  return makeDdim(std::get<DdimConfig>(config), steps);
}

}  // namespace ditscope::collector
