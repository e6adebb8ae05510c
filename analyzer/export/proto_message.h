// SPDX-License-Identifier: Apache-2.0
// A message in the wire format of Protocol Buffers (protobuf.dev/programming-guides/encoding), built field by
// field: varints, 64-bit values and length-delimited bytes.
#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>

namespace ditscope::analyzer {

class ProtoMessage {
 public:
  ProtoMessage& integer(uint32_t field, uint64_t value) {  // negative ones of int64 as their 64 bits
    varint(uint64_t{field} << 3 | kVarint);
    varint(value);
    return *this;
  }
  ProtoMessage& fixed64(uint32_t field, uint64_t value) {
    varint(uint64_t{field} << 3 | kFixed64);
    for (int shift = 0; shift < 64; shift += 8) m_bytes += char(value >> shift & 0xff);
    return *this;
  }
  ProtoMessage& real(uint32_t field, double value) { return fixed64(field, std::bit_cast<uint64_t>(value)); }
  ProtoMessage& text(uint32_t field, std::string_view value) {
    varint(uint64_t{field} << 3 | kDelimited);
    varint(value.size());
    m_bytes += value;
    return *this;
  }
  ProtoMessage& message(uint32_t field, const ProtoMessage& value) { return text(field, value.m_bytes); }

  [[nodiscard]] const std::string& bytes() const { return m_bytes; }
  void clear() { m_bytes.clear(); }

 private:
  enum WireType : uint8_t { kVarint = 0, kFixed64 = 1, kDelimited = 2 };
  void varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) m_bytes += char(value | 0x80);
    m_bytes += char(value);
  }
  std::string m_bytes;
};

}  // namespace ditscope::analyzer
