// SPDX-License-Identifier: Apache-2.0
// What both demo models do with their weights: draw the first ones, cast them for a training step, and write
// the trained ones as a pipeline folder in diffusers' layout.
#pragma once

#include <ATen/core/Generator.h>

#include <filesystem>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "collector/denoiser.h"

namespace ditscope::collector::train {

using ParameterShapes = std::map<std::string, std::vector<int64_t>>;
using NameTest = bool (*)(const std::string& parameter);

// Xavier matrices; norms one; biases and what `startsAtZero` names zero.
TensorMap initWeights(const ParameterShapes& shapes, NameTest startsAtZero, at::Generator& random);

// Differentiable copies in `dtype`; what `keepsFloat` names is passed through.
TensorMap castWeights(const TensorMap& weights, at::ScalarType dtype, NameTest keepsFloat);

// model_index.json, transformer/ and scheduler/; weights as f16. Throws db::Error when it cannot be written.
void writePipeline(const std::filesystem::path& folder, const std::string& pipelineClass,
                   const nlohmann::json& config, const nlohmann::json& scheduler, const TensorMap& weights);
TensorMap toHalf(const TensorMap& weights);

}  // namespace ditscope::collector::train
