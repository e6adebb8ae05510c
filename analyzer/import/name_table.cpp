// SPDX-License-Identifier: Apache-2.0
#include "analyzer/import/name_table.h"

#include <algorithm>

#include "db/text.h"

namespace ditscope::analyzer {

std::string cleanText(std::string_view text, size_t maxBytes) {
  size_t end = std::min(text.size(), maxBytes);
  while (end > 0 && end < text.size() && (text[end] & 0xC0) == 0x80) --end;  // not inside a character
  std::string clean(text.substr(0, end));
  const bool isText = db::isUtf8(clean);
  for (char& c : clean)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f || (!isText && (c & 0x80) != 0)) c = '?';
  return clean;
}

int32_t NameTable::store(std::string_view key, std::string name) {
  const auto id = int32_t(m_names.size());
  m_bytes += key.size() + name.size();
  m_names.push_back(std::move(name));
  m_ids.emplace(key, id);
  return id;
}

int32_t NameTable::idOf(std::string_view text) {
  const std::string_view key = text.substr(0, kMaxNameBytes);
  if (const auto found = m_ids.find(key); found != m_ids.end()) return found->second;
  if (m_names.size() < kMaxNames && m_bytes < kMaxBytes) return store(key, cleanText(key, kMaxNameBytes));
  ++m_overflowed;
  if (m_other < 0) m_other = store("(other names)", "(other names)");
  return m_other;
}

}  // namespace ditscope::analyzer
