// SPDX-License-Identifier: Apache-2.0
#include "collector/models/wan.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "collector/models/blocks.h"
#include "db/error.h"

namespace ditscope::collector {
namespace {

constexpr double kRopeTheta = 10000;
constexpr int64_t kModulations = 6;  // shift, scale, gate of attention, then of the feed-forward

// What all blocks of one forward share.
struct Pass {
  const WanConfig& config;
  const at::Tensor& rope;
  const at::Tensor& text;
  AttentionBackend& attention;
  AttentionContext context;
};

at::Tensor projectNormed(const at::Tensor& x, const Weights& w, const std::string& name,
                         const WanConfig& config) {
  return splitHeads(rmsNorm(linear(x, w.at("to_" + name)), w["norm_" + name + ".weight"], config.eps),
                    config.heads);
}

at::Tensor selfAttention(const at::Tensor& x, const Weights& w, Pass& pass) {
  const at::Tensor q = applyRope(projectNormed(x, w, "q", pass.config), pass.rope).transpose(1, 2);
  const at::Tensor k = applyRope(projectNormed(x, w, "k", pass.config), pass.rope).transpose(1, 2);
  const at::Tensor v = splitHeads(linear(x, w.at("to_v")), pass.config.heads).transpose(1, 2);
  pass.context.kind = db::AttnKind::Self;
  return linear(mergeHeads(pass.attention.attend(q, k, v, pass.context)), w.at("to_out.0"));
}

at::Tensor crossAttention(const at::Tensor& x, const Weights& w, Pass& pass) {
  const at::Tensor q = projectNormed(x, w, "q", pass.config).transpose(1, 2);
  const at::Tensor k = projectNormed(pass.text, w, "k", pass.config).transpose(1, 2);
  const at::Tensor v = splitHeads(linear(pass.text, w.at("to_v")), pass.config.heads).transpose(1, 2);
  pass.context.kind = db::AttnKind::Cross;
  return linear(mergeHeads(pass.attention.attend(q, k, v, pass.context)), w.at("to_out.0"));
}

// modulation: [B, 1 or N, 6, C], f32.
at::Tensor block(at::Tensor x, const Weights& w, const at::Tensor& modulation, Pass& pass) {
  const double eps = pass.config.eps;
  const std::vector<at::Tensor> m = (w["scale_shift_table"].unsqueeze(0) + modulation).unbind(2);
  x = gatedSum(x, m[2], selfAttention(modulate(layerNorm(x, eps), m[0], m[1]), w.at("attn1"), pass));
  const at::Tensor normed =
      pass.config.crossAttnNorm ? layerNorm(x, eps, w["norm2.weight"], w["norm2.bias"]) : x;
  x = x + crossAttention(normed, w.at("attn2"), pass);
  return gatedSum(x, m[5], feedForward(modulate(layerNorm(x, eps), m[3], m[4]), w.at("ffn")));
}

void checkInput(const WanConfig& config, const DenoiserInput& input, int64_t tokens) {
  const int64_t batch = input.latents.size(0);
  if (!input.text.defined() || input.text.dim() != 3 || input.text.size(0) != batch ||
      input.text.size(1) == 0 || input.text.size(2) != config.textDim) {
    db::refuseInput("text", fmt::format("needs shape [{}, L, {}]", batch, config.textDim),
                    "give the embeddings of the text encoder that the model was trained with");
  }
  const at::Tensor& t = input.timestep;
  if (!t.defined() ||
      (t.sizes() != at::IntArrayRef({batch}) && t.sizes() != at::IntArrayRef({batch, tokens}))) {
    db::refuseInput("timestep", fmt::format("needs shape [{}] or [{}, {}]", batch, batch, tokens),
                    "give one timestep for each row of the batch or for each token");
  }
}

class Wan final : public Denoiser {
 public:
  Wan(const WanConfig& config, TensorMap weights) : m_config(config), m_weights(std::move(weights)) {
    checkShapes(m_weights, wanParameterShapes(config), "WanTransformer3DModel");
    m_shape.className = "WanTransformer3DModel";
    m_shape.layers = static_cast<int>(config.layers);
    m_shape.heads = static_cast<int>(config.heads);
    m_shape.headDim = static_cast<int>(config.headDim);
  }

  [[nodiscard]] const DenoiserShape& shape() const override { return m_shape; }
  [[nodiscard]] db::TokenGrid tokenGrid(const at::Tensor& latents) const override {
    return wanTokenGrid(m_config, latents);
  }
  at::Tensor forward(const DenoiserInput& input, const StepContext& step, AttentionBackend& attention,
                     const BlockTap& tap) override {
    const db::TokenGrid grid = tokenGrid(input.latents);
    const bool sameGrid = m_rope.defined() && grid.frames == m_ropeGrid.frames &&
                          grid.rows == m_ropeGrid.rows && grid.cols == m_ropeGrid.cols &&
                          m_rope.device() == input.latents.device();
    if (!sameGrid) {
      m_rope = wanRope(m_config, grid, input.latents.device());
      m_ropeGrid = grid;
    }
    return wanForward(m_config, m_weights, m_rope, input, step, attention, tap);
  }

 private:
  WanConfig m_config;
  TensorMap m_weights;
  DenoiserShape m_shape;
  at::Tensor m_rope;  // of the last grid
  db::TokenGrid m_ropeGrid;
};

}  // namespace

std::vector<int64_t> WanConfig::ropeDims() const {
  const int64_t spatial = 2 * (headDim / 6);
  return {headDim - 2 * spatial, spatial, spatial};
}

bool wanKeepsFloat(const std::string& parameter) {
  return parameter.find("scale_shift_table") != std::string::npos ||
         parameter.find("time_embedder") != std::string::npos ||
         parameter.find(".norm2.") != std::string::npos;
}

db::TokenGrid wanTokenGrid(const WanConfig& config, const at::Tensor& latents) {
  if (latents.dim() != 5 || latents.size(1) != config.inChannels) {
    db::refuseInput("latents", fmt::format("need shape [B, {}, T, H, W]", config.inChannels),
                    "give latents of the model's channel count");
  }
  int64_t tokens[3];
  for (int axis = 0; axis < 3; ++axis) {
    const int64_t patch = config.patch[static_cast<size_t>(axis)];
    const int64_t size = latents.size(axis + 2);
    tokens[axis] = size / patch;
    if (size % patch != 0 || tokens[axis] == 0 || tokens[axis] > config.ropeMaxSeqLen) {
      db::refuseInput(
          "latents",
          fmt::format("size {} does not make 1..{} patches of {}", size, config.ropeMaxSeqLen, patch),
          "choose frames, height and width that are multiples of the patch");
    }
  }
  return {static_cast<int32_t>(tokens[0]), static_cast<int32_t>(tokens[1]), static_cast<int32_t>(tokens[2])};
}

at::Tensor wanRope(const WanConfig& config, const db::TokenGrid& grid, at::Device device) {
  return ropeTable(grid, config.ropeDims(), kRopeTheta).to(device);
}

at::Tensor wanForward(const WanConfig& config, const TensorMap& weights, const at::Tensor& rope,
                      const DenoiserInput& input, const StepContext& step, AttentionBackend& attention,
                      const BlockTap& tap) {
  const Weights w(weights);
  const Weights embed = w.at("condition_embedder");
  const db::TokenGrid grid = wanTokenGrid(config, input.latents);
  checkInput(config, input, grid.count());
  const int64_t batch = input.latents.size(0);

  const at::Tensor time =
      mlp2(timestepFeatures(input.timestep, config.freqDim, 0), embed.at("time_embedder"), Activation::Silu);
  const at::Tensor modulation = linear(at::silu(time), embed.at("time_proj"))
                                    .to(at::kFloat)
                                    .view({batch, -1, kModulations, config.width()});
  const at::Tensor text = mlp2(input.text, embed.at("text_embedder"), Activation::GeluTanh);

  Pass pass{config, rope, text, attention, {}};
  pass.context.step = step.step;
  pass.context.branchOfRow = step.branchOfRow;
  pass.context.grid = grid;
  at::Tensor x = patchEmbed(input.latents, w.at("patch_embedding"));
  for (int layer = 0; layer < config.layers; ++layer) {
    pass.context.layer = layer;
    x = block(x, w.at(fmt::format("blocks.{}", layer)), modulation, pass);
    if (tap) tap(layer, x);
  }
  const std::vector<at::Tensor> head =
      (w["scale_shift_table"].unsqueeze(0) + time.view({batch, -1, 1, config.width()})).unbind(2);
  const at::Tensor out = linear(modulate(layerNorm(x, config.eps), head[0], head[1]), w.at("proj_out"));
  return unpatchify(out, grid, config.patch);
}

std::unique_ptr<Denoiser> makeWan(const WanConfig& config, TensorMap weights) {
  return std::make_unique<Wan>(config, std::move(weights));
}

}  // namespace ditscope::collector
