// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "collector/models/dit.h"

namespace ditscope::collector {
DitConfig readDitConfig(const ConfigReader& config) {
  config.require("norm_type", "ada_norm_zero");
  config.require("activation_fn", "gelu-approximate");
  config.require("attention_bias", true);
  config.require("norm_elementwise_affine", false);
  config.require("only_cross_attention", false);
  config.require("double_self_attention", false);

  DitConfig c;
  config.read("num_attention_heads", c.heads, 1, 1024);
  config.read("attention_head_dim", c.headDim, 1, 1024);
  config.read("num_layers", c.layers, 1, 1024);
  config.read("in_channels", c.inChannels, 1, 4096);
  c.outChannels = c.inChannels;
  config.read("out_channels", c.outChannels, 1, 4096);
  config.read("patch_size", c.patch, 1, 64);
  config.read("sample_size", c.sampleSize, 1, 1 << 16);
  config.read("num_embeds_ada_norm", c.classes, 1, 1 << 24);
  config.read("norm_eps", c.normEps);
  if (c.normEps <= 0) config.refuse("norm_eps is not above 0", "use 1e-5");
  if (c.width() % 4 != 0) config.refuse("heads times attention_head_dim is no multiple of 4", "check both");
  if (c.sampleSize < c.patch) config.refuse("sample_size is smaller than patch_size", "check both");
  return c;
}

nlohmann::json ditConfigToJson(const DitConfig& c) {
  return {{"_class_name", "DiTTransformer2DModel"},
          {"activation_fn", "gelu-approximate"},
          {"attention_bias", true},
          {"attention_head_dim", c.headDim},
          {"in_channels", c.inChannels},
          {"norm_elementwise_affine", false},
          {"norm_eps", c.normEps},
          {"norm_type", "ada_norm_zero"},
          {"num_attention_heads", c.heads},
          {"num_embeds_ada_norm", c.classes},
          {"num_layers", c.layers},
          {"out_channels", c.outChannels},
          {"patch_size", c.patch},
          {"sample_size", c.sampleSize}};
}

std::map<std::string, std::vector<int64_t>> ditParameterShapes(const DitConfig& c) {
  const int64_t width = c.width();
  std::map<std::string, std::vector<int64_t>> shapes;
  const auto addLinear = [&](const std::string& name, int64_t in, int64_t out) {
    shapes[name + ".weight"] = {out, in};
    shapes[name + ".bias"] = {out};
  };
  shapes["pos_embed.proj.weight"] = {width, c.inChannels, c.patch, c.patch};
  shapes["pos_embed.proj.bias"] = {width};
  for (int64_t layer = 0; layer < c.layers; ++layer) {
    const std::string block = fmt::format("transformer_blocks.{}.", layer);
    addLinear(block + "norm1.emb.timestep_embedder.linear_1", kDitTimeFeatures, width);
    addLinear(block + "norm1.emb.timestep_embedder.linear_2", width, width);
    shapes[block + "norm1.emb.class_embedder.embedding_table.weight"] = {c.classes + 1, width};
    addLinear(block + "norm1.linear", width, 6 * width);
    for (const char* projection : {"to_q", "to_k", "to_v", "to_out.0"}) {
      addLinear(block + "attn1." + projection, width, width);
    }
    addLinear(block + "ff.net.0.proj", width, 4 * width);
    addLinear(block + "ff.net.2", 4 * width, width);
  }
  addLinear("proj_out_1", width, 2 * width);
  addLinear("proj_out_2", width, c.patch * c.patch * c.outChannels);
  return shapes;
}

}  // namespace ditscope::collector
