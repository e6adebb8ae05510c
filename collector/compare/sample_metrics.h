// SPDX-License-Identifier: Apache-2.0
// How close a sample lies to the one that dense attention made of the same noise. Models that make pixels
// (one or three channels) are judged on those pixels, clamped to [-1, 1], with data range 2; other latents as
// they are, with the range of the dense sample. Computed in f64. PSNR = 10 log10(range^2 / MSE), SSIM as of
// Wang et al. 2004: Gaussian window 11 x 11, sigma 1.5, K1 0.01, K2 0.03, windows that lie inside the frame,
// channels averaged. Both are means over frames.
#pragma once

#include <ATen/core/Tensor.h>

namespace ditscope::collector::compare {

inline constexpr double kPsnrCap = 100;  // of frames that are equal

struct JudgedFrames {
  at::Tensor values;  // [frames, C, H, W] f64
  bool pixels = false;
};
[[nodiscard]] JudgedFrames judgedFrames(const at::Tensor& latents);  // [1, C, T, H, W] or [1, C, H, W]

// a, b: [frames, C, H, W] f64. Throws std::invalid_argument when they differ in shape.
[[nodiscard]] double psnr(const at::Tensor& a, const at::Tensor& b, double range);
[[nodiscard]] double ssim(const at::Tensor& a, const at::Tensor& b, double range);  // NaN below 11 x 11

struct SampleQuality {
  double psnr = 0;
  double ssim = 0;
};
[[nodiscard]] SampleQuality sampleQuality(const at::Tensor& latents, const at::Tensor& denseLatents);

}  // namespace ditscope::collector::compare
