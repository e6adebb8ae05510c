// SPDX-License-Identifier: Apache-2.0
// Wan 2.1 / 2.2 text-to-video transformer (diffusers: WanTransformer3DModel). Self-attention with
// 3-axis RoPE and RMS-normalised q and k, cross-attention to text, AdaLN modulation from the timestep.
// latents [B, C, T, H, W]; timestep [B], or [B, N] (one per token); text [B, L, text_dim].
// The dtype of the matrices decides the compute dtype; norms, tables, RoPE and gated sums are f32.
#pragma once

#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "collector/config_reader.h"
#include "collector/denoiser.h"

namespace ditscope::collector {

struct WanConfig {
  std::vector<int64_t> patch{1, 2, 2};  // frames, rows, cols
  int64_t heads = 40;
  int64_t headDim = 128;
  int64_t inChannels = 16;
  int64_t outChannels = 16;
  int64_t textDim = 4096;
  int64_t freqDim = 256;
  int64_t ffnDim = 13824;
  int64_t layers = 40;
  bool crossAttnNorm = true;
  double eps = 1e-6;
  int64_t ropeMaxSeqLen = 1024;  // positions per axis

  [[nodiscard]] int64_t width() const { return heads * headDim; }
  // Channels of a head that rotate with the frame, the row and the column.
  [[nodiscard]] std::vector<int64_t> ropeDims() const;
};

// Keys of diffusers' config.json; throws db::Error for a variant that is not supported (image conditioning).
WanConfig readWanConfig(const ConfigReader& config);
nlohmann::json wanConfigToJson(const WanConfig& config);

// Every parameter with its shape.
std::map<std::string, std::vector<int64_t>> wanParameterShapes(const WanConfig& config);
// Parameters that stay f32 whatever the compute dtype is.
bool wanKeepsFloat(const std::string& parameter);

// The token grid of latents [B, C, T, H, W]; throws db::Error when they do not fit the patch or the RoPE
// limit.
db::TokenGrid wanTokenGrid(const WanConfig& config, const at::Tensor& latents);

// Rotation angles of a token grid, see ropeTable().
at::Tensor wanRope(const WanConfig& config, const db::TokenGrid& grid, at::Device device);

// The network as a function. `rope` is wanRope() of the latents' grid and device.
at::Tensor wanForward(const WanConfig& config, const TensorMap& weights, const at::Tensor& rope,
                      const DenoiserInput& input, const StepContext& step, AttentionBackend& attention,
                      const BlockTap& tap = {});

// Owns the weights; throws db::Error when one is missing or has another shape.
std::unique_ptr<Denoiser> makeWan(const WanConfig& config, TensorMap weights);

}  // namespace ditscope::collector
