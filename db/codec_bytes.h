// SPDX-License-Identifier: Apache-2.0
// The bytes below every codec: checksum, compression into a buffer of known size, splitting 16-bit values
// into planes of low and high bytes (high bytes repeat and compress well), and numbers in little endian.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace ditscope::db {

static_assert(std::endian::native == std::endian::little, "traces are little endian");

using Bytes = std::vector<std::byte>;
using ByteView = std::span<const std::byte>;

class CodecError : public std::runtime_error {  // the bytes are not what the codec wrote
 public:
  using std::runtime_error::runtime_error;
};

[[nodiscard]] uint32_t crc32(ByteView bytes);  // IEEE 802.3, as zlib's

[[nodiscard]] Bytes compress(ByteView raw);  // one zstd frame of level 3
// Throws CodecError unless the frame holds exactly raw.size() bytes, so that no frame can make us allocate.
void decompress(ByteView frame, std::span<std::byte> raw);

// 16-bit values as one compressed frame of their low bytes followed by their high bytes.
[[nodiscard]] Bytes compressPlanes(std::span<const uint16_t> values);
[[nodiscard]] std::vector<uint16_t> decompressPlanes(ByteView frame, size_t count);

template <class T>
void append(Bytes& bytes, const T& value) {
  const size_t end = bytes.size();
  bytes.resize(end + sizeof(T));
  std::memcpy(bytes.data() + end, &value, sizeof(T));
}

template <class T>
[[nodiscard]] T readAt(ByteView bytes, size_t offset) {
  if (offset > bytes.size() || bytes.size() - offset < sizeof(T)) throw CodecError("it ends too early");
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}

}  // namespace ditscope::db
