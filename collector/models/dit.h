// SPDX-License-Identifier: Apache-2.0
// The class-conditional DiT of Peebles and Xie (arXiv 2212.09748) with diffusers' parameter names
// (DiTTransformer2DModel): self-attention blocks with AdaLN-zero from timestep and label, fixed sin-cos
// positions. latents [B, C, H, W]; timestep [B]; labels [B] int64, the last row of the table is "no label".
// The prediction has out_channels: the noise, then (in published checkpoints) a variance that is not used.
#pragma once

#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "collector/config_reader.h"
#include "collector/denoiser.h"

namespace ditscope::collector {

inline constexpr int64_t kDitTimeFeatures = 256;  // sines and cosines of a timestep

struct DitConfig {
  int64_t heads = 16;
  int64_t headDim = 88;
  int64_t layers = 1;
  int64_t inChannels = 4;
  int64_t outChannels = 4;
  int64_t patch = 2;
  int64_t sampleSize = 32;  // latent rows and columns that the positions are made for
  int64_t classes = 1000;   // without the row for "no label"
  double normEps = 1e-5;    // of the norm before the feed-forward; all others have 1e-6

  [[nodiscard]] int64_t width() const { return heads * headDim; }
};

// Keys of diffusers' config.json, the older Transformer2DModel among them; throws db::Error for a variant
// that is not supported.
DitConfig readDitConfig(const ConfigReader& config);
nlohmann::json ditConfigToJson(const DitConfig& config);

// Every parameter with its shape.
std::map<std::string, std::vector<int64_t>> ditParameterShapes(const DitConfig& config);

// Sin-cos positions [rows * cols, C] in f32; the column fills the first half of the channels.
at::Tensor ditPositions(const DitConfig& config, const db::TokenGrid& grid);

// The network as a function. `positions` is ditPositions(config, grid) on the device of the latents.
at::Tensor ditForward(const DitConfig& config, const TensorMap& weights, const at::Tensor& positions,
                      const DenoiserInput& input, const StepContext& step, AttentionBackend& attention,
                      const BlockTap& tap = {});

// Owns the weights; throws db::Error when one is missing or has another shape.
std::unique_ptr<Denoiser> makeDit(const DitConfig& config, TensorMap weights);

}  // namespace ditscope::collector
