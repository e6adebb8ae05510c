// SPDX-License-Identifier: Apache-2.0
// Pictures of a sample: one PNG a frame and one contact sheet of all.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>

namespace ditscope::collector {

// Frames as pixels [T, H, W, C] uint8, C = 1 or 3, from latents [1, C, T, H, W] or [1, C, H, W]. One or three
// channels are pixels in [-1, 1]; other latents are shown by their first three channels, each stretched to
// its own range of mean +- 2.5 s.d.
at::Tensor framePixels(const at::Tensor& latents);

// Writes frame_000.png, ... and contact.png; small frames are magnified. Throws db::Error.
void writeFrames(const at::Tensor& latents, const std::filesystem::path& folder);

}  // namespace ditscope::collector
