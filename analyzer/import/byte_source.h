// SPDX-License-Identifier: Apache-2.0
// The bytes of a text file, unpacked on the way when it is gzipped. Bounded: a small file that unpacks to
// more than the cap is refused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

namespace ditscope::analyzer {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  virtual size_t read(std::span<char> into) = 0;                 // 0 at the end; throws db::Error
  [[nodiscard]] virtual int64_t consumed() const = 0;            // of the file, packed
  [[nodiscard]] virtual bool cutShort() const { return false; }  // packed data ended too early
};

inline constexpr int64_t kMaxUnpackedBytes = int64_t{64} << 30;

// By content, not by name. Throws db::Error when the file cannot be opened.
[[nodiscard]] std::unique_ptr<ByteSource> openByteSource(const std::filesystem::path& path,
                                                         int64_t maxUnpackedBytes = kMaxUnpackedBytes);
// The same of bytes in memory, which outlive it; `name` stands in errors.
[[nodiscard]] std::unique_ptr<ByteSource> byteSourceOf(std::span<const char> bytes, const std::string& name,
                                                       int64_t maxUnpackedBytes = kMaxUnpackedBytes);

}  // namespace ditscope::analyzer
