// SPDX-License-Identifier: Apache-2.0
// The bytes of a pickle one after another, as the arguments that its opcodes take.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "db/codec_bytes.h"
#include "db/text.h"
#include "db/torch_error.h"

namespace ditscope::db {

class PickleCursor {
 public:
  // Both outlive the cursor; `file` is the name for the text of errors.
  PickleCursor(ByteView bytes, const std::string& file) : m_bytes(bytes), m_file(file) {}

  [[noreturn]] void refuse(const std::string& why) const { refuseTorchFile(m_file, why); }
  [[noreturn]] void refuseDamaged() const {
    refuseTorchFile(m_file, fmt::format("its pickle is damaged near byte {}", m_at), "take an intact copy");
  }

  ByteView takeBytes(size_t count) {
    if (count > m_bytes.size() - m_at) refuseDamaged();
    m_at += count;
    return m_bytes.subspan(m_at - count, count);
  }

  template <class T>
  T take() {
    return readAt<T>(takeBytes(sizeof(T)), 0);
  }

  int64_t takeLong() {  // little endian, two's complement
    const ByteView bytes = takeBytes(take<uint8_t>());
    if (bytes.size() > 8) refuse("it holds a whole number beyond 64 bits");
    if (bytes.empty()) return 0;
    uint64_t value = std::to_integer<int>(bytes.back()) & 0x80 ? ~uint64_t(0) : 0;
    for (size_t i = bytes.size(); i-- > 0;) value = value << 8 | std::to_integer<uint64_t>(bytes[i]);
    return int64_t(value);
  }

  std::string takeText() {
    const ByteView bytes = takeBytes(take<uint32_t>());
    std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (!isUtf8(text)) refuse("it holds a text that is not UTF-8");
    return text;
  }

  std::string_view takeLine() {
    const size_t begin = m_at;
    while (take<char>() != '\n') continue;
    return {reinterpret_cast<const char*>(m_bytes.data()) + begin, m_at - 1 - begin};
  }

 private:
  ByteView m_bytes;
  const std::string& m_file;
  size_t m_at = 0;
};

}  // namespace ditscope::db
