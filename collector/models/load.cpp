// SPDX-License-Identifier: Apache-2.0
#include <ATen/ATen.h>
#include <fmt/format.h>

#include "collector/config_reader.h"
#include "collector/denoiser.h"
#include "collector/json_file.h"
#include "collector/models/dit.h"
#include "collector/models/wan.h"
#include "collector/safetensors.h"
#include "collector/safetensors_header.h"
#include "db/error.h"

namespace ditscope::collector {
namespace {

namespace fs = std::filesystem;
using ParameterShapes = std::map<std::string, std::vector<int64_t>>;

constexpr const char* kMatch = "check that config.json and the weights belong together";

// Older files of class-conditional DiT call it Transformer2DModel and tell it from others by its norm.
std::string modelClass(const ConfigReader& config) {
  std::string name;
  std::string norm;
  config.read("_class_name", name);
  if (name != "Transformer2DModel") return name;
  config.read("norm_type", norm);
  return norm == "ada_norm_zero" ? "DiTTransformer2DModel" : name;
}

void checkComplete(const TensorMap& weights, const ParameterShapes& expected, const fs::path& folder) {
  constexpr size_t kNamed = 3;
  size_t missing = 0;
  std::string names;
  for (const auto& [name, shape] : expected) {
    const auto found = weights.find(name);
    if (found == weights.end()) {
      if (missing++ < kNamed) names += (names.empty() ? "" : ", ") + name;
    } else if (found->second.sizes() != at::IntArrayRef(shape)) {
      db::refuseInput(folder, fmt::format("{} has another shape than config.json asks for", name), kMatch);
    }
  }
  if (missing == 0) return;
  db::refuseInput(folder,
                  fmt::format("{} of {} parameters are missing: {}{}", missing, expected.size(), names,
                              missing > kNamed ? ", ..." : ""),
                  kMatch);
}

// Keeps what the model needs, in the dtype and on the device asked for, and names the rest.
TensorMap takeParameters(TensorMap weights, const ParameterShapes& expected, const LoadOptions& options,
                         bool (*keepsFloat)(const std::string&), std::vector<std::string>* unexpected) {
  TensorMap taken;
  for (auto& [name, tensor] : weights) {
    if (expected.contains(name)) {
      taken[name] = tensor.to(options.device, keepsFloat(name) ? at::kFloat : options.dtype);
      tensor.reset();  // a large checkpoint must not be there twice
    } else if (unexpected != nullptr) {
      unexpected->push_back(name);
    }
  }
  return taken;
}

}  // namespace

std::unique_ptr<Denoiser> loadDenoiser(const fs::path& folder, const LoadOptions& options,
                                       std::vector<std::string>* unexpected) {
  const fs::path model = fs::exists(folder / "config.json") ? folder : folder / "transformer";
  const fs::path file = model / "config.json";
  const nlohmann::json json = readJsonObject(file);
  const ConfigReader config(json, file);
  const std::string name = modelClass(config);
  const auto load = [&](const ParameterShapes& expected, bool (*keepsFloat)(const std::string&)) {
    TensorMap weights = readCheckpoint(model);
    checkComplete(weights, expected, model);
    return takeParameters(std::move(weights), expected, options, keepsFloat, unexpected);
  };
  if (name == "DiTTransformer2DModel") {
    const DitConfig dit = readDitConfig(config);
    return makeDit(dit, load(ditParameterShapes(dit), [](const std::string&) { return false; }));
  }
  if (name == "WanTransformer3DModel") {
    const WanConfig wan = readWanConfig(config);
    return makeWan(wan, load(wanParameterShapes(wan), wanKeepsFloat));
  }
  db::refuseInput(file, fmt::format("the model class {} is not supported", quotedName(name)),
                  "use a WanTransformer3DModel or a DiTTransformer2DModel");
}

}  // namespace ditscope::collector
