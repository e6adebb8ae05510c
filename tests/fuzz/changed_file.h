// SPDX-License-Identifier: Apache-2.0
// Fuzz inputs that are changes to an intact file get far deeper than random bytes do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <string>

namespace ditscope::tests {

inline std::string loadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// changes: an offset of three bytes and the new byte each; what is left over at the end counts for nothing.
inline std::string changedFile(std::string file, const uint8_t* changes, size_t size) {
  for (size_t i = 0; i + 4 <= size; i += 4) {
    const size_t offset = size_t{changes[i]} << 16 | size_t{changes[i + 1]} << 8 | changes[i + 2];
    file[offset % file.size()] = char(changes[i + 3]);
  }
  return file;
}

}  // namespace ditscope::tests
