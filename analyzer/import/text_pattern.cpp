// SPDX-License-Identifier: Apache-2.0
#include "analyzer/import/text_pattern.h"

#include <utility>

namespace ditscope::analyzer {
namespace {

constexpr std::string_view kNumber = "{n}";

bool isDigit(char c) {
  return c >= '0' && c <= '9';
}

size_t digitsAt(std::string_view text, size_t at) {
  size_t end = at;
  while (end < text.size() && isDigit(text[end])) ++end;
  return end;
}

int32_t numberOf(std::string_view digits) {  // -1 for one that no step or layer has
  int32_t value = 0;
  constexpr size_t kMaxDigits = 8;
  if (digits.size() > kMaxDigits) return -1;
  for (const char c : digits) value = value * 10 + (c - '0');
  return value;
}

}  // namespace

TextPattern::TextPattern(std::string text) : m_text(std::move(text)) {
  std::string part;
  for (size_t i = 0; i < m_text.size();) {
    const bool number = std::string_view(m_text).substr(i).starts_with(kNumber);
    if (!number && m_text[i] != '*') {
      part += m_text[i++];
      continue;
    }
    m_parts.push_back(std::exchange(part, {}));
    m_isNumber.push_back(number);
    i += number ? kNumber.size() : 1;
  }
  m_parts.push_back(std::move(part));
}

// As shells match globs: behind a `*` the next part is looked for from left to right, and a failure later on
// goes back to the last `*` alone, which is enough and keeps the work below text x pattern.
std::optional<PatternMatch> TextPattern::match(std::string_view name) const {
  if (!name.starts_with(m_parts.front())) return std::nullopt;
  PatternMatch found{.number = -1, .labelEnd = name.size(), .numberBegin = name.size()};
  size_t at = m_parts.front().size();
  size_t wild = 0;
  // Where to go on when something does not fit: the last star's part, one byte further.
  size_t starWild = m_isNumber.size();
  size_t starAt = 0;
  while (true) {
    bool fits = true;
    if (wild == m_isNumber.size()) {
      fits = at == name.size();
      if (fits) return found;
    } else if (m_isNumber[wild]) {
      const size_t end = digitsAt(name, at);
      // A number is taken whole, so that block.{n} does not find 1 in block.12.
      fits =
          end > at && !(at > 0 && isDigit(name[at - 1])) && name.substr(end).starts_with(m_parts[wild + 1]);
      if (fits) {
        found.number = numberOf(name.substr(at, end - at));
        found.numberBegin = at;
        found.labelEnd = end;
        at = end + m_parts[wild + 1].size();
        ++wild;
      }
    } else {
      const std::string& part = m_parts[wild + 1];
      if (wild + 1 == m_isNumber.size() && part.empty()) return found;  // a last star takes the rest
      const size_t place = name.find(part, at);
      fits = place != std::string_view::npos;
      if (!fits) return std::nullopt;  // nor would it fit behind an earlier star
      starWild = wild;
      starAt = place + 1;
      at = place + part.size();
      ++wild;
    }
    if (fits) continue;
    if (starWild == m_isNumber.size() || starAt > name.size()) return std::nullopt;
    wild = starWild;
    at = starAt;
  }
}

}  // namespace ditscope::analyzer
