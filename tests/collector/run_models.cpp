// SPDX-License-Identifier: Apache-2.0
#include "run_models.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "collector/models/dit.h"
#include "collector/models/wan.h"
#include "collector/safetensors.h"

namespace ditscope::collector {
namespace {

namespace fs = std::filesystem;

// Matrices that keep the variance, and norms of q and k that make the attention far from uniform.
TensorMap randomWeights(const std::map<std::string, std::vector<int64_t>>& shapes) {
  const at::Generator generator = at::detail::createCPUGenerator(7);
  TensorMap weights;
  for (const auto& [name, shape] : shapes) {
    at::Tensor w = at::randn(shape, generator, at::TensorOptions(at::kFloat));
    if (shape.size() > 1) w = w / std::sqrt(double(w[0].numel()));
    if (name.find("norm_q") != std::string::npos || name.find("norm_k") != std::string::npos) w = 2 + 0.1 * w;
    weights[name] = w;
  }
  return weights;
}

void writeModel(const fs::path& folder, const nlohmann::json& config, const TensorMap& weights) {
  fs::create_directories(folder / "transformer");
  std::ofstream(folder / "transformer" / "config.json") << config.dump(2);
  writeSafetensors(folder / "transformer" / "diffusion_pytorch_model.safetensors", weights);
}

}  // namespace

void writeTinyWan(const fs::path& folder) {
  WanConfig config;
  config.heads = 2;
  config.headDim = 12;
  config.inChannels = config.outChannels = 1;
  config.textDim = 6;
  config.freqDim = 16;
  config.ffnDim = 32;
  config.layers = 2;
  nlohmann::json json = wanConfigToJson(config);
  json["sample_frames"] = 5;
  json["sample_height"] = 12;
  json["sample_width"] = 20;
  writeModel(folder, json, randomWeights(wanParameterShapes(config)));
  writeSafetensors(folder / "label_embeds.safetensors", randomWeights({{"label_embeds", {4, 3, 6}}}));
}

void writeTinyDit(const fs::path& folder) {
  DitConfig config;
  config.heads = 2;
  config.headDim = 8;
  config.layers = 2;
  config.inChannels = 4;
  config.outChannels = 8;
  config.sampleSize = 16;
  config.classes = 3;
  writeModel(folder, ditConfigToJson(config), randomWeights(ditParameterShapes(config)));
}

CollectOptions tinyRun(const fs::path& model, const fs::path& folder) {
  CollectOptions options;
  options.model = model.string();
  options.out = folder / "run.db";
  options.steps = 3;
  options.block = 32;
  options.overwrite = true;
  return options;
}

CollectSummary record(const CollectOptions& options) {
  ProgressLine progress(false);
  return collect(options, progress, [] { return false; });
}

}  // namespace ditscope::collector
