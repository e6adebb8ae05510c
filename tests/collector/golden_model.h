// SPDX-License-Identifier: Apache-2.0
// A model folder in diffusers' layout made from a golden file, with the inputs and the output that belong to
// it.
#pragma once

#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "collector/safetensors.h"
#include "tests/collector/temporary_folder.h"

namespace ditscope::collector {

class GoldenModel {
 public:
  explicit GoldenModel(const std::string& name) {
    const std::filesystem::path golden =
        std::filesystem::path(DITSCOPE_SOURCE_DIR) / "tests/golden/diffusers";
    const nlohmann::json about = nlohmann::json::parse(std::ifstream(golden / "models.json")).at(name);
    config = about.at("config");
    config["_class_name"] = about.at("cls");
    taps = about.at("taps");
    for (auto& [key, tensor] : readSafetensors(golden / (name + ".safetensors"))) {
      if (key == "out") out = tensor;
      if (key.rfind("w.", 0) == 0) weights[key.substr(2)] = tensor;
      if (key.rfind("in.", 0) == 0) inputs[key.substr(3)] = tensor;
    }
    writeConfig();
    writeSafetensors(folder() / "diffusion_pytorch_model.safetensors", weights);
  }

  void writeConfig() const { std::ofstream(folder() / "config.json") << config.dump(2); }
  [[nodiscard]] const std::filesystem::path& folder() const { return m_folder.path(); }
  [[nodiscard]] DenoiserInput input() const {
    const auto get = [&](const char* key) { return inputs.contains(key) ? inputs.at(key) : at::Tensor(); };
    return {get("hidden_states"), get("timestep"), get("encoder_hidden_states"), get("class_labels")};
  }

  nlohmann::json config, taps;
  TensorMap weights, inputs;
  at::Tensor out;

 private:
  TemporaryFolder m_folder;
};

}  // namespace ditscope::collector
