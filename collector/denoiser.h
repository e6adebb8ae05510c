// SPDX-License-Identifier: Apache-2.0
// A denoiser: the network that a sampler calls once or twice a step. Weights live in a name -> tensor map
// with diffusers' parameter names, so that the same code runs a checkpoint and trains one.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "collector/attention.h"

namespace ditscope::collector {

using TensorMap = std::map<std::string, at::Tensor>;

struct DenoiserInput {
  at::Tensor latents;   // Wan: [B, C, T, H, W]; DiT: [B, C, H, W]
  at::Tensor timestep;  // [B], as the scheduler gives it
  at::Tensor text;      // [B, L, text_dim]; undefined for class-conditional models
  at::Tensor labels;    // [B] int64; undefined for text-conditional models
};

struct StepContext {
  int step = 0;
  std::vector<db::Branch> branchOfRow;  // [B]
};

// Called after each block with its index and output [B, N, C]; for bisecting against golden taps.
using BlockTap = std::function<void(int block, const at::Tensor& tokens)>;

struct DenoiserShape {
  std::string className;  // diffusers' class name
  int layers = 0;
  int heads = 0;
  int headDim = 0;
  bool classConditional = false;
  bool branchesInOneForward = false;  // guidance as one forward of batch 2B (DiT) or two forwards (Wan)
  int64_t nullLabel = -1;             // label of the unconditional branch (DiT)
};

class Denoiser {
 public:
  virtual ~Denoiser() = default;
  [[nodiscard]] virtual const DenoiserShape& shape() const = 0;
  [[nodiscard]] virtual db::TokenGrid tokenGrid(const at::Tensor& latents) const = 0;
  // Returns the prediction with the shape that diffusers' model returns.
  virtual at::Tensor forward(const DenoiserInput& input, const StepContext& step, AttentionBackend& attention,
                             const BlockTap& tap = {}) = 0;
};

struct LoadOptions {
  at::ScalarType dtype = at::kFloat;  // of the weights, but those that the model keeps in f32
  at::Device device = at::kCPU;
};

// Reads config.json and the safetensors of a folder in diffusers' layout (the model folder itself or a
// pipeline folder with transformer/ in it). Tensors of the checkpoint that the model does not know are named
// in `unexpected`. Throws db::Error naming the file and the remedy.
std::unique_ptr<Denoiser> loadDenoiser(const std::filesystem::path& folder, const LoadOptions& options = {},
                                       std::vector<std::string>* unexpected = nullptr);

}  // namespace ditscope::collector
