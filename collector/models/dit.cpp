// SPDX-License-Identifier: Apache-2.0
#include "collector/models/dit.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>

#include "collector/models/blocks.h"
#include "db/error.h"

namespace ditscope::collector {
namespace {

constexpr const char* kClassName = "DiTTransformer2DModel";
constexpr double kEps = 1e-6;

// [sin | cos] of positions [n] over `channels`, in f64.
at::Tensor sinCos(const at::Tensor& positions, int64_t channels) {
  const at::Tensor k = at::arange(channels / 2, at::kDouble) / (static_cast<double>(channels) / 2);
  const at::Tensor angle = at::outer(positions.to(at::kDouble), at::pow(10000.0, -k));
  return at::cat({at::sin(angle), at::cos(angle)}, -1);
}

db::TokenGrid ditTokenGrid(const DitConfig& config, const at::Tensor& latents) {
  if (latents.dim() != 4 || latents.size(1) != config.inChannels) {
    db::refuseInput("latents", fmt::format("need shape [B, {}, H, W]", config.inChannels),
                    "give latents of the model's channel count");
  }
  const int64_t rows = latents.size(2) / config.patch;
  const int64_t cols = latents.size(3) / config.patch;
  if (rows * config.patch != latents.size(2) || cols * config.patch != latents.size(3) || rows * cols == 0) {
    db::refuseInput(
        "latents",
        fmt::format("{} x {} is not made of patches of {}", latents.size(2), latents.size(3), config.patch),
        "choose a height and a width that are multiples of the patch");
  }
  return {1, static_cast<int32_t>(rows), static_cast<int32_t>(cols)};
}

void checkInput(const DitConfig& config, const DenoiserInput& input) {
  const int64_t batch = input.latents.size(0);
  if (!input.labels.defined() || input.labels.sizes() != at::IntArrayRef({batch}) ||
      input.labels.scalar_type() != at::kLong) {
    db::refuseInput("labels", fmt::format("need {} int64 values", batch),
                    "give one class label for each row of the batch");
  }
  // An index outside the table would abort a CUDA context.
  if (input.labels.lt(0).logical_or(input.labels.gt(config.classes)).any().item<bool>()) {
    db::refuseInput("labels", fmt::format("must lie in 0 .. {}", config.classes),
                    "choose a class that the model knows");
  }
  if (!input.timestep.defined() || input.timestep.sizes() != at::IntArrayRef({batch})) {
    db::refuseInput("timestep", fmt::format("needs {} values", batch),
                    "give one timestep for each row of the batch");
  }
}

// What timestep and label say, as block `w` sees it: [B, C]. Each block has its own embedder.
at::Tensor condition(const DenoiserInput& input, const Weights& w) {
  const Weights embed = w.at("norm1.emb");
  return mlp2(timestepFeatures(input.timestep, kDitTimeFeatures, 1), embed.at("timestep_embedder"),
              Activation::Silu) +
         at::embedding(embed["class_embedder.embedding_table.weight"], input.labels);
}

at::Tensor selfAttention(const at::Tensor& x, const Weights& w, int64_t heads, AttentionBackend& attention,
                         const AttentionContext& context) {
  const auto project = [&](const char* name) {
    return splitHeads(linear(x, w.at(name)), heads).transpose(1, 2);
  };
  const at::Tensor q = project("to_q");
  const at::Tensor k = project("to_k");
  const at::Tensor v = project("to_v");
  return linear(mergeHeads(attention.attend(q, k, v, context)), w.at("to_out.0"));
}

class Dit final : public Denoiser {
 public:
  Dit(const DitConfig& config, TensorMap weights) : m_config(config), m_weights(std::move(weights)) {
    checkShapes(m_weights, ditParameterShapes(config), kClassName);
    m_shape.className = kClassName;
    m_shape.layers = static_cast<int>(config.layers);
    m_shape.heads = static_cast<int>(config.heads);
    m_shape.headDim = static_cast<int>(config.headDim);
    m_shape.classConditional = true;
    m_shape.branchesInOneForward = true;
    m_shape.nullLabel = config.classes;
  }

  [[nodiscard]] const DenoiserShape& shape() const override { return m_shape; }
  [[nodiscard]] db::TokenGrid tokenGrid(const at::Tensor& latents) const override {
    return ditTokenGrid(m_config, latents);
  }
  at::Tensor forward(const DenoiserInput& input, const StepContext& step, AttentionBackend& attention,
                     const BlockTap& tap) override {
    const db::TokenGrid grid = tokenGrid(input.latents);
    if (!m_positions.defined() || grid.rows != m_grid.rows || grid.cols != m_grid.cols ||
        m_positions.device() != input.latents.device()) {
      m_positions = ditPositions(m_config, grid).to(input.latents.device());
      m_grid = grid;
    }
    return ditForward(m_config, m_weights, m_positions, input, step, attention, tap);
  }

 private:
  DitConfig m_config;
  TensorMap m_weights;
  DenoiserShape m_shape;
  at::Tensor m_positions;  // of the last grid
  db::TokenGrid m_grid;
};

}  // namespace

at::Tensor ditPositions(const DitConfig& config, const db::TokenGrid& grid) {
  const double base = static_cast<double>(config.sampleSize / config.patch);
  // Positions are f32 and stretch with the grid, so that a larger picture spans the same range.
  const at::Tensor rows = at::arange(grid.rows, at::kFloat) / (grid.rows / base);
  const at::Tensor cols = at::arange(grid.cols, at::kFloat) / (grid.cols / base);
  const int64_t half = config.width() / 2;
  const std::vector<int64_t> all{grid.rows, grid.cols, half};
  return at::cat({sinCos(cols, half).unsqueeze(0).expand(all), sinCos(rows, half).unsqueeze(1).expand(all)},
                 -1)
      .flatten(0, 1)
      .to(at::kFloat);
}

at::Tensor ditForward(const DitConfig& config, const TensorMap& weights, const at::Tensor& positions,
                      const DenoiserInput& input, const StepContext& step, AttentionBackend& attention,
                      const BlockTap& tap) {
  const db::TokenGrid grid = ditTokenGrid(config, input.latents);
  checkInput(config, input);
  const Weights w(weights);
  AttentionContext context;
  context.step = step.step;
  context.branchOfRow = step.branchOfRow;
  context.grid = grid;

  const at::Tensor& patchWeight = w["pos_embed.proj.weight"];
  const at::Tensor patches = at::conv2d(input.latents.to(patchWeight.scalar_type()), patchWeight,
                                        w["pos_embed.proj.bias"], config.patch);
  at::Tensor x = (patches.flatten(2).transpose(1, 2) + positions).to(patchWeight.scalar_type());
  for (int layer = 0; layer < config.layers; ++layer) {
    const Weights block = w.at(fmt::format("transformer_blocks.{}", layer));
    const at::Tensor six = linear(at::silu(condition(input, block)), block.at("norm1.linear"));
    const std::vector<at::Tensor> m =
        six.unsqueeze(1).chunk(6, -1);  // shift, scale, gate; attention, then ff
    context.layer = layer;
    x = gatedSum(x, m[2],
                 selfAttention(modulate(layerNorm(x, kEps), m[0], m[1]), block.at("attn1"), config.heads,
                               attention, context));
    x = gatedSum(x, m[5], feedForward(modulate(layerNorm(x, config.normEps), m[3], m[4]), block.at("ff")));
    if (tap) tap(layer, x);
  }
  const at::Tensor head =
      linear(at::silu(condition(input, w.at("transformer_blocks.0"))), w.at("proj_out_1"));
  const std::vector<at::Tensor> m = head.unsqueeze(1).chunk(2, -1);
  const at::Tensor out = linear(modulate(layerNorm(x, kEps), m[0], m[1]), w.at("proj_out_2"));
  return unpatchify(out, grid, {1, config.patch, config.patch}).squeeze(2);
}

std::unique_ptr<Denoiser> makeDit(const DitConfig& config, TensorMap weights) {
  return std::make_unique<Dit>(config, std::move(weights));
}

}  // namespace ditscope::collector
