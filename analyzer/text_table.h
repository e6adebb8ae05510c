// SPDX-License-Identifier: Apache-2.0
// A table of UTF-8 text with aligned columns, or the same rows as CSV.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "analyzer/text_style.h"

namespace ditscope::analyzer {

enum class Align : uint8_t { Left, Right };

class TextTable {
 public:
  explicit TextTable(std::string indent = {}) : m_indent(std::move(indent)) {}
  void addColumn(std::string title, Align align = Align::Right);
  void addRow(std::vector<std::string> cells);  // one a column
  [[nodiscard]] std::string render(const TextStyle& style) const;

 private:
  struct Column {
    std::string title;
    Align align;
  };
  std::string m_indent;
  std::vector<Column> m_columns;
  std::vector<std::vector<std::string>> m_rows;
};

// Characters on screen; right for text whose characters are one cell wide, which is all DiTScope prints.
[[nodiscard]] size_t displayWidth(std::string_view text);

}  // namespace ditscope::analyzer
