// SPDX-License-Identifier: Apache-2.0
// Pictures as PNG files, 8 bits a channel.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace ditscope::collector {

struct Image {
  int64_t width = 0;  // pixels
  int64_t height = 0;
  int64_t channels = 1;         // 1 gray, 3 RGB
  std::vector<uint8_t> pixels;  // [height, width, channels]
};

// Throws db::Error when the file cannot be written.
void writePng(const std::filesystem::path& file, const Image& image);

}  // namespace ditscope::collector
