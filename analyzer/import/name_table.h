// SPDX-License-Identifier: Apache-2.0
// Numbers for texts of a stranger's file, bounded in count and bytes: a file in which every name is new fills
// the table, and what comes later shares one entry, counted.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace ditscope::analyzer {

struct TextHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>()(text); }
};

// UTF-8 and of bounded length: bytes that are no text and control characters become '?'.
[[nodiscard]] std::string cleanText(std::string_view text, size_t maxBytes);

class NameTable {
 public:
  static constexpr size_t kMaxNames = 200'000;
  static constexpr size_t kMaxBytes = size_t{64} << 20;
  static constexpr size_t kMaxNameBytes = 8192;

  int32_t idOf(std::string_view text);  // from 0
  [[nodiscard]] const std::string& at(int32_t id) const { return m_names[size_t(id)]; }
  [[nodiscard]] size_t size() const { return m_names.size(); }
  [[nodiscard]] int64_t overflowed() const { return m_overflowed; }

 private:
  int32_t store(std::string_view key, std::string name);
  std::unordered_map<std::string, int32_t, TextHash, std::equal_to<>> m_ids;
  std::vector<std::string> m_names;
  size_t m_bytes = 0;
  int32_t m_other = -1;
  int64_t m_overflowed = 0;
};

}  // namespace ditscope::analyzer
