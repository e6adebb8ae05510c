// SPDX-License-Identifier: Apache-2.0
#include "analyzer/import/import_rules.h"

namespace ditscope::analyzer {

std::string_view defaultRulesText() {
  return R"json({
  "format": "ditscope.import-rules/1",
  "steps": [
    "step", "*denois*step*{n}*", "step {n}", "step_{n}", "step={n}*", "timestep {n}", "timestep_{n}",
    "nn.Module: *Transformer*DModel_{n}", "nn.Module: *DiT*Model_{n}", "nn.Module: DiT_{n}",
    "*ProfilerStep#{n}"
  ],
  "layers": [
    "layer", "layer {n}*", "layer_{n}*", "layer={n}*", "block {n}*", "block_{n}*",
    "*transformer_blocks.{n}*", "*blocks.{n}*", "*layers.{n}*",
    "nn.Module: *Block_{n}", "nn.Module: *Layer_{n}"
  ],
  "layer_begin": ["FSDP::pre_forward (*blocks.{n}*"],
  "layer_end": ["FSDP::post_forward (*blocks.{n}*"],
  "attention": [
    {"name": "attention"},
    {"name": "aten::scaled_dot_product_attention", "layout": "BHND"},
    {"name": "aten::_scaled_dot_product_flash_attention", "layout": "BHND"},
    {"name": "aten::_scaled_dot_product_efficient_attention", "layout": "BHND"},
    {"name": "aten::_scaled_dot_product_cudnn_attention", "layout": "BHND"},
    {"name": "aten::_scaled_dot_product_fused_attention_overrideable", "layout": "BHND"},
    {"name": "aten::_flash_attention_forward", "layout": "BNHD"},
    {"name": "aten::_efficient_attention_forward", "layout": "BNHD"},
    {"name": "FlashAttnFunc", "layout": "BNHD"},
    {"name": "flash_attn*::_flash_attn_forward", "layout": "BNHD"},
    {"name": "flash_attn*::fwd", "layout": "BNHD"},
    {"name": "xformers*::efficient_attention_forward*", "layout": "BNHD"},
    {"name": "*flex_attention", "layout": "BHND"},
    {"name": "*spas_sage*attn*"},
    {"name": "*sageattn*"}
  ],
  "kernels": [
    "*flash_fwd*", "*flash_attn_fwd*", "*FlashAttnFwd*", "*fmha_fwd*", "*fmha_cutlassF*", "*cudnn*sdpa*fprop*",
    "attn_fwd*", "_attn_fwd*", "*_fwd_attention*", "*flex_attention*", "*qk_int*_sv_*_attn_kernel*",
    "*sliding_tile_attention*", "*block_sparse_attn*fwd*"
  ]
}
)json";
}

const ImportRules& defaultRules() {
  static const ImportRules rules = parseRules(defaultRulesText(), "built-in rules");
  return rules;
}

}  // namespace ditscope::analyzer
