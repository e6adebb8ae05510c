// SPDX-License-Identifier: Apache-2.0
// Building blocks that the diffusion transformers share, as functions of tensors: no state, no in-place
// operations on weights or activations, so that one code path runs a checkpoint and trains one.
// Names, orders and epsilons are those of diffusers. Linear weights are [out, in].
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "collector/denoiser.h"

namespace ditscope::collector {

// The weights below a dotted prefix: Weights(map)["proj_out.weight"], Weights(map).at("blocks.3")["ffn..."].
class Weights {
 public:
  explicit Weights(const TensorMap& map, std::string prefix = {})
      : m_map(&map), m_prefix(std::move(prefix)) {}
  [[nodiscard]] Weights at(const std::string& child) const { return Weights(*m_map, m_prefix + child + '.'); }
  // Throws db::Error when the checkpoint lacks the tensor.
  [[nodiscard]] const at::Tensor& operator[](const std::string& name) const;

 private:
  const TensorMap* m_map;
  std::string m_prefix;
};

// Throws db::Error naming the first tensor that is missing or has another shape; extra tensors are allowed.
void checkShapes(const TensorMap& weights, const std::map<std::string, std::vector<int64_t>>& expected,
                 const std::string& className);

// [cos(a) | sin(a)] with a = t * 10000^(-k / (dim/2 - shift)), f32. t: any shape; returns t.shape + [dim].
at::Tensor timestepFeatures(const at::Tensor& t, int64_t dim, double shift);

at::Tensor linear(const at::Tensor& x, const Weights& w);  // weights "weight" and "bias"

enum class Activation : uint8_t { Silu, GeluTanh };
at::Tensor mlp2(const at::Tensor& x, const Weights& w, Activation activation);  // linear_1, linear_2
at::Tensor feedForward(const at::Tensor& x, const Weights& w);  // net.0.proj, tanh GELU, net.2

// Statistics in f32; returns x's dtype.
at::Tensor layerNorm(const at::Tensor& x, double eps, const at::Tensor& weight = {},
                     const at::Tensor& bias = {});
at::Tensor rmsNorm(const at::Tensor& x, const at::Tensor& weight, double eps);

// x * (1 + scale) + shift, in the wider of the dtypes, cast back to x's.
at::Tensor modulate(const at::Tensor& x, const at::Tensor& shift, const at::Tensor& scale);
// x + gate * update, likewise.
at::Tensor gatedSum(const at::Tensor& x, const at::Tensor& gate, const at::Tensor& update);

// Rotary embedding over (t, row, col) with interleaved pairs: complex64 [N, 1, D/2], angles computed in f64.
// The axes own dims[0], dims[1], dims[2] of the D channels.
at::Tensor ropeTable(const db::TokenGrid& grid, const std::vector<int64_t>& dims, double theta);
// x: [B, N, H, D]; arithmetic in f32; returns x's dtype.
at::Tensor applyRope(const at::Tensor& x, const at::Tensor& table);

// [B, N, H*D] -> [B, N, H, D], and [B, H, N, D] -> [B, N, H*D].
at::Tensor splitHeads(const at::Tensor& x, int64_t heads);
at::Tensor mergeHeads(const at::Tensor& x);

// A convolution whose stride is its kernel, as a matrix product. x: [B, C, T, H, W], weight [out, C, pt, ph,
// pw]; returns tokens [B, N, out] in (t, row, col) order. T, H, W are multiples of the patch.
at::Tensor patchEmbed(const at::Tensor& x, const Weights& w);
// tokens: [B, N, pt*ph*pw*C] with the channel fastest -> [B, C, T, H, W].
at::Tensor unpatchify(const at::Tensor& tokens, const db::TokenGrid& grid, const std::vector<int64_t>& patch);

}  // namespace ditscope::collector
