// SPDX-License-Identifier: Apache-2.0
// What a run needs to know about a model beside its weights, read from a folder in diffusers' layout:
//   DIR/transformer/config.json            (or DIR/config.json: the model folder itself)
//   DIR/scheduler/scheduler_config.json    optional
//   DIR/label_embeds.safetensors           optional: [classes + 1, tokens, text_dim], last row = no label
// The optional keys sample_frames, sample_height and sample_width of config.json (sample_size for DiT)
// give the size of the latents, and guidance_scale the guidance, when the user names none.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace ditscope::collector {

struct PipelineFolder {
  std::filesystem::path root;
  std::filesystem::path model;                     // holds config.json
  std::optional<std::filesystem::path> scheduler;  // holds scheduler_config.json
  int64_t channels = 0;                            // of the latents
  std::array<int64_t, 3> latentSize = {1, 0, 0};   // frames, rows, cols; zeros when the folder does not say
  double guidance = 0;                             // 0 when the folder does not say
  at::Tensor labelEmbeds;                          // undefined when there is no such file
};

// A folder, or the name of a model that comes with DiTScope. Throws db::Error.
[[nodiscard]] std::filesystem::path findModel(const std::string& nameOrFolder);

[[nodiscard]] PipelineFolder readPipelineFolder(const std::filesystem::path& folder);

}  // namespace ditscope::collector
