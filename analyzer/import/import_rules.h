// SPDX-License-Identifier: Apache-2.0
// By what names steps, layers and attention are found in a capture. The built-in rules know PyTorch's
// operators and modules, diffusers' module paths, FSDP's marks and the annotations of our own collector; a
// file of rules replaces the lists that it has. `ditscope import --print-rules` writes the built-in ones.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/import/capture.h"
#include "analyzer/import/text_pattern.h"

namespace ditscope::analyzer {

enum class TensorLayout : uint8_t { Unknown, HeadsFirst, TokensFirst };  // [B,H,N,D], [B,N,H,D]

struct AttentionRule {
  TextPattern name;
  TensorLayout layout = TensorLayout::Unknown;  // of the operator's inputs
};

struct ImportRules {
  // The first of the list that a capture has is the one that counts; without {n} its ranges are numbered.
  std::vector<TextPattern> steps;
  std::vector<TextPattern> layers;
  std::vector<TextPattern> layerBegins, layerEnds;  // marks before and behind a layer
  std::vector<AttentionRule> attention;             // ranges
  std::vector<TextPattern> kernels;                 // that are attention wherever they are launched
};

[[nodiscard]] std::string_view defaultRulesText();  // JSON
[[nodiscard]] const ImportRules& defaultRules();
[[nodiscard]] ImportRules parseRules(std::string_view text, const std::string& file);  // throws db::Error
[[nodiscard]] ImportRules readRules(const std::filesystem::path& path);                // likewise

// What the name of a range says; a name may say several things.
struct RangeMeaning {
  struct Part {
    RangeKind kind = RangeKind::Attention;
    int16_t pattern = 0;
    int32_t number = -1;
    size_t labelEnd = 0;
    TensorLayout layout = TensorLayout::Unknown;
  };
  std::vector<Part> parts;  // empty: of no interest
  [[nodiscard]] bool isAttention() const;
};
[[nodiscard]] RangeMeaning meaningOf(const ImportRules& rules, std::string_view name);
[[nodiscard]] bool isAttentionKernel(const ImportRules& rules, std::string_view name);

}  // namespace ditscope::analyzer
