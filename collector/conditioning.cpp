// SPDX-License-Identifier: Apache-2.0
#include "collector/conditioning.h"

#include <ATen/ATen.h>
#include <fmt/core.h>

#include "collector/safetensors.h"
#include "db/error.h"

namespace ditscope::collector {
namespace {

constexpr double kUsualGuidanceDit = 4;
constexpr double kUsualGuidanceWan = 5;

at::Tensor noise(const CollectOptions& options, const PipelineFolder& folder, const DenoiserShape& shape) {
  const auto [frames, rows, cols] = options.latentSize.value_or(folder.latentSize);
  if (rows == 0 || cols == 0) {
    db::refuseInput("model " + folder.root.string(), "its config.json names no size",
                    "give --size FRAMES,ROWS,COLS of the latents");
  }
  const auto seed = static_cast<uint64_t>(options.seed);
  if (shape.classConditional) return seededNoise({1, folder.channels, rows, cols}, seed);
  return seededNoise({1, folder.channels, frames, rows, cols}, seed);
}

int64_t checkedLabel(const CollectOptions& options, int64_t classes) {
  const int64_t label = options.label.value_or(0);
  if (label < 0 || label >= classes) {
    db::refuseInput(fmt::format("--label {}", label), fmt::format("the model has {} classes", classes),
                    fmt::format("give a label from 0 to {}", classes - 1));
  }
  return label;
}

at::Tensor promptTensor(const TensorMap& tensors, const std::string& name, const std::string& file) {
  const auto found = tensors.find(name);
  if (found == tensors.end())
    db::refuseInput(file, "has no tensor " + name, "write prompt_embeds and negative_prompt_embeds");
  if (found->second.dim() != 3 || found->second.size(0) != 1) {
    db::refuseInput(file, fmt::format("{} does not have the shape [1, tokens, text_dim]", name),
                    "write one prompt");
  }
  return found->second.to(at::kFloat);
}

}  // namespace

SamplingRequest makeRequest(const CollectOptions& options, const PipelineFolder& folder,
                            const DenoiserShape& shape) {
  SamplingRequest request;
  const double usual = shape.classConditional ? kUsualGuidanceDit : kUsualGuidanceWan;
  request.guidance = options.guidance.value_or(folder.guidance > 0 ? folder.guidance : usual);
  request.noise = noise(options, folder, shape);
  if (shape.classConditional) {
    request.label = checkedLabel(options, shape.nullLabel);
    if (!options.promptEmbeds.empty())
      db::refuseInput("--prompt-embeds", "the model takes a class label", "give --label");
  } else if (!options.promptEmbeds.empty()) {
    const TensorMap tensors = readSafetensors(options.promptEmbeds);
    request.text = promptTensor(tensors, "prompt_embeds", options.promptEmbeds.string());
    if (request.guidance > 1) {
      request.uncondText = promptTensor(tensors, "negative_prompt_embeds", options.promptEmbeds.string());
    }
  } else if (folder.labelEmbeds.defined()) {
    const int64_t classes = folder.labelEmbeds.size(0) - 1;
    request.label = checkedLabel(options, classes);
    request.text = folder.labelEmbeds.narrow(0, request.label, 1);
    request.uncondText = folder.labelEmbeds.narrow(0, classes, 1);
  } else {
    db::refuseInput("model " + folder.root.string(), "it wants a text prompt",
                    "give --prompt-embeds FILE.safetensors");
  }
  return request;
}

}  // namespace ditscope::collector
