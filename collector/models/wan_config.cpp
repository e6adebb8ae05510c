// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "collector/models/wan.h"

namespace ditscope::collector {

WanConfig readWanConfig(const ConfigReader& config) {
  config.require("image_dim", nullptr);
  config.require("added_kv_proj_dim", nullptr);
  config.require("qk_norm", "rms_norm_across_heads");

  WanConfig c;
  config.read("patch_size", c.patch, 1, 64);
  config.read("num_attention_heads", c.heads, 1, 1024);
  config.read("attention_head_dim", c.headDim, 6, 1024);
  config.read("in_channels", c.inChannels, 1, 4096);
  c.outChannels = c.inChannels;
  config.read("out_channels", c.outChannels, 1, 4096);
  config.read("text_dim", c.textDim, 1, 1 << 20);
  config.read("freq_dim", c.freqDim, 2, 1 << 20);
  config.read("ffn_dim", c.ffnDim, 1, 1 << 20);
  config.read("num_layers", c.layers, 1, 1024);
  config.read("cross_attn_norm", c.crossAttnNorm);
  config.read("eps", c.eps);
  config.read("rope_max_seq_len", c.ropeMaxSeqLen, 1, 1 << 20);
  if (c.patch.size() != 3) config.refuse("patch_size needs three numbers", "use for example [1, 2, 2]");
  if (c.headDim % 2 != 0) config.refuse("attention_head_dim is odd", "use an even number");
  if (c.freqDim % 2 != 0) config.refuse("freq_dim is odd", "use an even number");
  if (c.eps <= 0) config.refuse("eps is not above 0", "use 1e-6");
  return c;
}

nlohmann::json wanConfigToJson(const WanConfig& c) {
  return {{"_class_name", "WanTransformer3DModel"},
          {"added_kv_proj_dim", nullptr},
          {"attention_head_dim", c.headDim},
          {"cross_attn_norm", c.crossAttnNorm},
          {"eps", c.eps},
          {"ffn_dim", c.ffnDim},
          {"freq_dim", c.freqDim},
          {"image_dim", nullptr},
          {"in_channels", c.inChannels},
          {"num_attention_heads", c.heads},
          {"num_layers", c.layers},
          {"out_channels", c.outChannels},
          {"patch_size", c.patch},
          {"qk_norm", "rms_norm_across_heads"},
          {"rope_max_seq_len", c.ropeMaxSeqLen},
          {"text_dim", c.textDim}};
}

std::map<std::string, std::vector<int64_t>> wanParameterShapes(const WanConfig& c) {
  const int64_t width = c.width();
  std::map<std::string, std::vector<int64_t>> shapes;
  const auto addLinear = [&](const std::string& name, int64_t in, int64_t out) {
    shapes[name + ".weight"] = {out, in};
    shapes[name + ".bias"] = {out};
  };
  shapes["patch_embedding.weight"] = {width, c.inChannels, c.patch[0], c.patch[1], c.patch[2]};
  shapes["patch_embedding.bias"] = {width};
  addLinear("condition_embedder.time_embedder.linear_1", c.freqDim, width);
  addLinear("condition_embedder.time_embedder.linear_2", width, width);
  addLinear("condition_embedder.time_proj", width, 6 * width);
  addLinear("condition_embedder.text_embedder.linear_1", c.textDim, width);
  addLinear("condition_embedder.text_embedder.linear_2", width, width);
  for (int64_t layer = 0; layer < c.layers; ++layer) {
    const std::string block = fmt::format("blocks.{}.", layer);
    shapes[block + "scale_shift_table"] = {1, 6, width};
    for (const char* attention : {"attn1.", "attn2."}) {
      for (const char* projection : {"to_q", "to_k", "to_v", "to_out.0"}) {
        addLinear(block + attention + projection, width, width);
      }
      shapes[block + attention + "norm_q.weight"] = {width};
      shapes[block + attention + "norm_k.weight"] = {width};
    }
    if (c.crossAttnNorm) {
      shapes[block + "norm2.weight"] = {width};
      shapes[block + "norm2.bias"] = {width};
    }
    addLinear(block + "ffn.net.0.proj", width, c.ffnDim);
    addLinear(block + "ffn.net.2", c.ffnDim, width);
  }
  shapes["scale_shift_table"] = {1, 2, width};
  addLinear("proj_out", width, c.outChannels * c.patch[0] * c.patch[1] * c.patch[2]);
  return shapes;
}

}  // namespace ditscope::collector
