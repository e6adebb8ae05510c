// SPDX-License-Identifier: Apache-2.0
#include "collector/train/demo_weights.h"

#include <ATen/ATen.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "collector/safetensors.h"
#include "db/error.h"

namespace ditscope::collector::train {
namespace {

at::Tensor xavier(at::IntArrayRef shape, at::Generator& random) {
  const auto out = static_cast<double>(shape[0]);
  const double in = static_cast<double>(c10::multiply_integers(shape)) / out;
  return at::randn(shape, random, at::kFloat) * std::sqrt(2 / (in + out));
}

void writeJson(const std::filesystem::path& file, const nlohmann::json& json) {
  std::filesystem::create_directories(file.parent_path());
  std::ofstream stream(file);
  stream << json.dump(2) << '\n';
  if (!stream.flush()) {
    throw db::Error(db::Error::Kind::Failure, file.string(), "cannot be written",
                    "check the folder and the free space");
  }
}

}  // namespace

TensorMap initWeights(const ParameterShapes& shapes, NameTest startsAtZero, at::Generator& random) {
  TensorMap weights;
  for (const auto& [name, shape] : shapes) {
    if (startsAtZero(name) || name.ends_with("bias")) {
      weights[name] = at::zeros(shape, at::kFloat);
    } else {
      weights[name] = shape.size() == 1 ? at::ones(shape, at::kFloat) : xavier(shape, random);
    }
  }
  return weights;
}

TensorMap castWeights(const TensorMap& weights, at::ScalarType dtype, NameTest keepsFloat) {
  TensorMap cast;
  for (const auto& [name, tensor] : weights) cast[name] = keepsFloat(name) ? tensor : tensor.to(dtype);
  return cast;
}

TensorMap toHalf(const TensorMap& weights) {
  TensorMap half;
  for (const auto& [name, tensor] : weights) half[name] = tensor.detach().to(at::kCPU, at::kHalf);
  return half;
}

void writePipeline(const std::filesystem::path& folder, const std::string& pipelineClass,
                   const nlohmann::json& config, const nlohmann::json& scheduler, const TensorMap& weights) {
  writeJson(folder / "model_index.json", {{"_class_name", pipelineClass},
                                          {"scheduler", {"diffusers", scheduler.at("_class_name")}},
                                          {"transformer", {"diffusers", config.at("_class_name")}}});
  writeJson(folder / "scheduler" / "scheduler_config.json", scheduler);
  writeJson(folder / "transformer" / "config.json", config);
  writeSafetensors(folder / "transformer" / "diffusion_pytorch_model.safetensors", toHalf(weights),
                   {{"format", "pt"}});
}

}  // namespace ditscope::collector::train
