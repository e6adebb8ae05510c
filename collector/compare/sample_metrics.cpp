// SPDX-License-Identifier: Apache-2.0
#include "collector/compare/sample_metrics.h"

#include <ATen/ATen.h>

#include <limits>
#include <stdexcept>

namespace ditscope::collector::compare {
namespace {

constexpr int64_t kWindow = 11;
constexpr double kSigma = 1.5;
constexpr double kPixelRange = 2;

void requireSameShape(const at::Tensor& a, const at::Tensor& b) {
  if (a.dim() != 4 || a.sizes() != b.sizes())
    throw std::invalid_argument("samples that are compared differ in shape");
}

at::Tensor gaussian() {
  const at::Tensor x = at::arange(kWindow, at::kDouble) - double(kWindow / 2);
  const at::Tensor weights = (-x.square() / (2 * kSigma * kSigma)).exp();
  return weights / weights.sum();
}

at::Tensor localMean(const at::Tensor& x) {  // [F, 1, H, W], over the windows inside
  const at::Tensor weights = gaussian();
  return at::conv2d(at::conv2d(x, weights.view({1, 1, kWindow, 1})), weights.view({1, 1, 1, kWindow}));
}

}  // namespace

JudgedFrames judgedFrames(const at::Tensor& latents) {
  at::Tensor video = latents[0].to(at::kCPU, at::kDouble);
  if (video.dim() == 3) video = video.unsqueeze(1);  // [C, T, H, W]
  const bool pixels = video.size(0) == 1 || video.size(0) == 3;
  if (pixels) video = video.clamp(-1, 1);
  return {video.transpose(0, 1).contiguous(), pixels};
}

double psnr(const at::Tensor& a, const at::Tensor& b, double range) {
  requireSameShape(a, b);
  const at::Tensor mse = (a - b).square().mean({1, 2, 3});
  return (10 * (range * range / mse).log10()).clamp_max(kPsnrCap).mean().item<double>();
}

double ssim(const at::Tensor& a, const at::Tensor& b, double range) {
  requireSameShape(a, b);
  if (a.size(2) < kWindow || a.size(3) < kWindow) return std::numeric_limits<double>::quiet_NaN();
  const at::Tensor x = a.flatten(0, 1).unsqueeze(1), y = b.flatten(0, 1).unsqueeze(1);
  const double c1 = 0.01 * range * 0.01 * range;
  const double c2 = 0.03 * range * 0.03 * range;
  const at::Tensor mx = localMean(x), my = localMean(y);
  const at::Tensor vx = localMean(x * x) - mx * mx, vy = localMean(y * y) - my * my;
  const at::Tensor cov = localMean(x * y) - mx * my;
  const at::Tensor map = (2 * mx * my + c1) * (2 * cov + c2) / ((mx * mx + my * my + c1) * (vx + vy + c2));
  return map.mean().item<double>();  // frames have as many windows each, so that their mean is the mean
}

SampleQuality sampleQuality(const at::Tensor& latents, const at::Tensor& denseLatents) {
  const JudgedFrames other = judgedFrames(latents);
  const JudgedFrames dense = judgedFrames(denseLatents);
  const double range = dense.pixels ? kPixelRange : (dense.values.max() - dense.values.min()).item<double>();
  return {psnr(other.values, dense.values, range), ssim(other.values, dense.values, range)};
}

}  // namespace ditscope::collector::compare
