// SPDX-License-Identifier: Apache-2.0
// Patterns for names of ranges and kernels: `*` is any text, `{n}` a decimal number, all else itself, case
// counts. "*blocks.{n}.attn*" finds 12 in "transformer.blocks.12.attn1".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ditscope::analyzer {

struct PatternMatch {
  int32_t number = -1;     // of {n}; -1 when the pattern has none
  size_t labelEnd = 0;     // the text up to here, number included, names what was found
  size_t numberBegin = 0;  // labelEnd without a number
};

class TextPattern {
 public:
  explicit TextPattern(std::string text);

  [[nodiscard]] const std::string& text() const { return m_text; }
  [[nodiscard]] std::optional<PatternMatch> match(std::string_view name) const;

 private:
  std::string m_text;
  std::vector<std::string> m_parts;  // literals between wildcards; wildcard i is behind part i
  std::vector<bool> m_isNumber;
};

}  // namespace ditscope::analyzer
