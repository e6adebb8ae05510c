// SPDX-License-Identifier: Apache-2.0
#include "analyzer/text_table.h"

#include <algorithm>

namespace ditscope::analyzer {
namespace {

constexpr std::string_view kGap = "  ";

void trimRight(std::string& line) {
  line.erase(line.find_last_not_of(' ') + 1);
}

}  // namespace

size_t displayWidth(std::string_view text) {
  return static_cast<size_t>(std::ranges::count_if(
      text, [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; }));
}

void TextTable::addColumn(std::string title, Align align) {
  m_columns.push_back({std::move(title), align});
}

void TextTable::addRow(std::vector<std::string> cells) {
  cells.resize(m_columns.size());
  m_rows.push_back(std::move(cells));
}

std::string TextTable::render(const TextStyle& style) const {
  std::vector<size_t> widths;
  for (size_t c = 0; c < m_columns.size(); ++c) {
    size_t width = displayWidth(m_columns[c].title);
    for (const auto& row : m_rows) width = std::max(width, displayWidth(row[c]));
    widths.push_back(width);
  }
  const auto line = [&](const auto& textOf) {
    std::string text;
    for (size_t c = 0; c < m_columns.size(); ++c) {
      const std::string& cell = textOf(c);
      const std::string padding(widths[c] - displayWidth(cell), ' ');
      if (c > 0) text += kGap;
      text += m_columns[c].align == Align::Right ? padding + cell : cell + padding;
    }
    trimRight(text);
    return text;
  };
  const auto title = [&](size_t c) -> const std::string& { return m_columns[c].title; };
  std::string out = m_indent + emphasise(line(title), Emphasis::Heading, style) + "\n";
  for (const auto& row : m_rows)
    out += m_indent + line([&](size_t c) -> const std::string& { return row[c]; }) + "\n";
  return out;
}

}  // namespace ditscope::analyzer
