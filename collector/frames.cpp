// SPDX-License-Identifier: Apache-2.0
#include "collector/frames.h"

#include <ATen/ATen.h>
#include <fmt/core.h>

#include <algorithm>

#include "collector/image_file.h"
#include "db/error.h"

namespace ditscope::collector {
namespace {

constexpr int64_t kLeastSide = 128;  // of a magnified frame
constexpr int64_t kSheetColumns = 8;
constexpr int64_t kGap = 4;

Image toImage(const at::Tensor& pixels) {  // [H, W, C]
  const at::Tensor flat = pixels.contiguous();
  const auto* data = flat.data_ptr<uint8_t>();
  return {flat.size(1), flat.size(0), flat.size(2), {data, data + flat.numel()}};
}

at::Tensor magnified(const at::Tensor& frames) {  // by whole pixels
  const int64_t least = std::min(frames.size(1), frames.size(2));
  const int64_t factor = (kLeastSide + least - 1) / least;
  return frames.repeat_interleave(factor, 1).repeat_interleave(factor, 2);
}

at::Tensor contactSheet(const at::Tensor& frames) {
  const int64_t count = frames.size(0), height = frames.size(1), width = frames.size(2);
  const int64_t columns = std::min(count, kSheetColumns);
  const int64_t rows = (count + columns - 1) / columns;
  at::Tensor sheet =
      at::zeros({rows * (height + kGap) - kGap, columns * (width + kGap) - kGap, frames.size(3)}, at::kByte);
  for (int64_t i = 0; i < count; ++i) {
    sheet.narrow(0, i / columns * (height + kGap), height)
        .narrow(1, i % columns * (width + kGap), width)
        .copy_(frames[i]);
  }
  return sheet;
}

}  // namespace

at::Tensor framePixels(const at::Tensor& latents) {
  at::Tensor video = latents[0].to(at::kCPU, at::kFloat);
  if (video.dim() == 3) video = video.unsqueeze(1);  // [C, T, H, W]
  if (video.size(0) != 1 && video.size(0) != 3) {
    video = video.narrow(0, 0, std::min<int64_t>(video.size(0), 3));
    if (video.size(0) == 2) video = video.narrow(0, 0, 1);
    const at::Tensor mean = video.mean({1, 2, 3}, true);
    const at::Tensor spread = (video - mean).square().mean({1, 2, 3}, true).sqrt().clamp_min(1e-6);
    video = (video - mean) / (2.5 * spread);
  }
  return ((video.clamp(-1, 1) + 1) * 127.5).round().to(at::kByte).permute({1, 2, 3, 0});
}

void writeFrames(const at::Tensor& latents, const std::filesystem::path& folder) {
  std::error_code failure;
  std::filesystem::create_directories(folder, failure);
  if (failure) {
    throw db::Error(db::Error::Kind::BadInput, folder.string(),
                    "cannot make the folder: " + failure.message(), "name a folder that can be written");
  }
  const at::Tensor frames = magnified(framePixels(latents));
  for (int64_t i = 0; i < frames.size(0); ++i) {
    writePng(folder / fmt::format("frame_{:03}.png", i), toImage(frames[i]));
  }
  writePng(folder / "contact.png", toImage(contactSheet(frames)));
}

}  // namespace ditscope::collector
