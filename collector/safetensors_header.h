// SPDX-License-Identifier: Apache-2.0
// The header of a safetensors file: 8 bytes length (little-endian), JSON, then the data buffer. This part
// knows nothing of LibTorch, so that hostile headers can be tested and fuzzed by themselves.
// Checks are those of the reference implementation plus duplicate keys, NUL bytes and a limit of the rank.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ditscope::collector {

inline constexpr uint64_t kMaxHeaderBytes = 100'000'000;
inline constexpr size_t kMaxRank = 64;                 // what LibTorch's element-wise operations can do
inline constexpr uint64_t kMaxDimension = 1ull << 48;  // as the format's JSON schema says

struct TensorEntry {
  std::string name;
  std::string dtype;  // as the format names it: F32, BF16, F8_E4M3, ...
  std::vector<int64_t> shape;
  uint64_t begin = 0;  // offsets into the data buffer
  uint64_t end = 0;
};

struct SafetensorsHeader {
  std::vector<TensorEntry> tensors;  // in the order of their data, without holes
  std::map<std::string, std::string> metadata;
};

// The length of the JSON text. `prefix` holds the first min(8, fileBytes) bytes of the file.
// Throws db::Error, as parseSafetensorsHeader does; `file` is the name used in its text.
uint64_t safetensorsHeaderLength(std::span<const char> prefix, uint64_t fileBytes, const std::string& file);

// Parses and checks the JSON text. dataBytes is what follows it in the file.
SafetensorsHeader parseSafetensorsHeader(std::string_view json, uint64_t dataBytes, const std::string& file);

// Bits of one element, 0 for an unknown name.
[[nodiscard]] int safetensorsDtypeBits(std::string_view dtype);

// A name from a file as it may stand in one line of text: quoted, escaped, cut.
[[nodiscard]] std::string quotedName(const std::string& name);

}  // namespace ditscope::collector
