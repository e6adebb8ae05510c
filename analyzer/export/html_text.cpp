// SPDX-License-Identifier: Apache-2.0
#include "analyzer/export/html_text.h"

namespace ditscope::analyzer {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";

// U+202A to U+202E and U+2066 to U+2069 in UTF-8.
bool turnsDirection(std::string_view text) {
  if (text.size() < 3 || text[0] != '\xe2') return false;
  const auto last = static_cast<unsigned char>(text[2]);
  return text[1] == '\x80' ? last >= 0xaa && last <= 0xae : text[1] == '\x81' && last >= 0xa6 && last <= 0xa9;
}

}  // namespace

std::string htmlText(std::string_view text) {
  std::string safe;
  safe.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const auto byte = static_cast<unsigned char>(c);
    if (turnsDirection(text.substr(i))) {
      safe += kReplacement;
      i += 2;
      continue;
    }
    if (c == '&')
      safe += "&amp;";
    else if (c == '<')
      safe += "&lt;";
    else if (c == '>')
      safe += "&gt;";
    else if (c == '"')
      safe += "&quot;";
    else if (c == '\'')
      safe += "&#39;";
    else if (c == '\n' || c == '\t' || c == '\r')
      safe += ' ';
    else if (byte < 0x20 || byte == 0x7f)
      safe += kReplacement;
    else
      safe += c;
  }
  return safe;
}

std::string htmlName(std::string_view name) {
  return "<bdi>" + htmlText(name) + "</bdi>";
}

}  // namespace ditscope::analyzer
