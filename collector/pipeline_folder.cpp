// SPDX-License-Identifier: Apache-2.0
#include "collector/pipeline_folder.h"

#include <ATen/ATen.h>

#include <nlohmann/json.hpp>

#include "collector/config_reader.h"
#include "collector/json_file.h"
#include "collector/safetensors.h"
#include "db/error.h"

namespace ditscope::collector {
namespace {

namespace fs = std::filesystem;

at::Tensor readLabelEmbeds(const fs::path& file) {
  TensorMap tensors = readSafetensors(file);
  if (tensors.size() != 1 || tensors.begin()->second.dim() != 3 || tensors.begin()->second.size(0) < 2) {
    throw db::Error(db::Error::Kind::BadInput, file.string(),
                    "is not one tensor [classes + 1, tokens, text_dim]", "write the label embeddings again");
  }
  return tensors.begin()->second.to(at::kFloat);
}

}  // namespace

fs::path findModel(const std::string& nameOrFolder) {
  if (fs::is_directory(nameOrFolder)) {
    return nameOrFolder;
  }
  std::error_code ignored;
  const fs::path program = fs::read_symlink("/proc/self/exe", ignored).parent_path();
  for (const fs::path& models : {program / "../share/ditscope/models", fs::path(DITSCOPE_MODELS_DIR)}) {
    if (fs::is_directory(models / nameOrFolder)) {
      return models / nameOrFolder;
    }
  }
  throw db::Error(db::Error::Kind::BadInput, "model " + nameOrFolder,
                  "is neither a folder nor a model of DiTScope",
                  "give a folder in diffusers' layout, or demo-video");
}

PipelineFolder readPipelineFolder(const fs::path& folder) {
  PipelineFolder pipeline;
  pipeline.root = folder;
  pipeline.model = fs::exists(folder / "config.json") ? folder : folder / "transformer";
  if (!fs::exists(pipeline.model / "config.json")) {
    throw db::Error(db::Error::Kind::BadInput, folder.string(),
                    "has neither config.json nor transformer/config.json",
                    "give a model folder in diffusers' layout");
  }
  const ConfigReader config(readJsonObject(pipeline.model / "config.json"), pipeline.model / "config.json");
  constexpr int64_t kMost = 1 << 16;
  config.read("in_channels", pipeline.channels, 1, kMost);
  auto& [frames, rows, cols] = pipeline.latentSize;
  config.read("sample_size", rows, 1, kMost);  // of a square
  cols = rows;
  config.read("sample_frames", frames, 1, kMost);
  config.read("sample_height", rows, 1, kMost);
  config.read("sample_width", cols, 1, kMost);
  config.read("guidance_scale", pipeline.guidance);
  if (fs::exists(folder / "scheduler" / "scheduler_config.json")) {
    pipeline.scheduler = folder / "scheduler";
  }
  // Beside the transformer, also when the transformer's own folder was given.
  for (const fs::path& place : {folder, fs::absolute(pipeline.model).parent_path()}) {
    if (!pipeline.labelEmbeds.defined() && fs::exists(place / "label_embeds.safetensors")) {
      pipeline.labelEmbeds = readLabelEmbeds(place / "label_embeds.safetensors");
    }
  }
  return pipeline;
}

}  // namespace ditscope::collector
