// SPDX-License-Identifier: Apache-2.0
#include "collector/image_file.h"

#include <png.h>

#include "db/error.h"

namespace ditscope::collector {

void writePng(const std::filesystem::path& file, const Image& image) {
  using Kind = db::Error::Kind;
  if (image.width < 1 || image.height < 1 || (image.channels != 1 && image.channels != 3) ||
      static_cast<int64_t>(image.pixels.size()) != image.width * image.height * image.channels) {
    throw db::Error(Kind::Failure, file.string(), "the picture's size and pixels do not agree",
                    "report this");
  }
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  png.width = static_cast<png_uint_32>(image.width);
  png.height = static_cast<png_uint_32>(image.height);
  png.format = image.channels == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
  const int tight = 0;  // row stride
  if (png_image_write_to_file(&png, file.c_str(), 0, image.pixels.data(), tight, nullptr) == 0) {
    throw db::Error(Kind::Failure, file.string(), png.message, "check the folder and the free space");
  }
}

}  // namespace ditscope::collector
