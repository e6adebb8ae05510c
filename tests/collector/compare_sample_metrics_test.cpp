// SPDX-License-Identifier: Apache-2.0
// PSNR and SSIM against plain loops in f64 and values that follow from the definitions.
#include "collector/compare/sample_metrics.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>

namespace ditscope::collector::compare {
namespace {

at::Tensor noise(at::IntArrayRef shape, uint64_t seed) {
  at::manual_seed(seed);
  return at::randn(shape, at::kDouble);
}

double naivePsnr(const at::Tensor& a, const at::Tensor& b, double range) {
  double sum = 0;
  for (int64_t f = 0; f < a.size(0); ++f) {
    double squares = 0;
    const at::Tensor x = a[f].contiguous(), y = b[f].contiguous();
    for (int64_t i = 0; i < x.numel(); ++i) {
      const double d = x.data_ptr<double>()[i] - y.data_ptr<double>()[i];
      squares += d * d;
    }
    sum += 10 * std::log10(range * range / (squares / double(x.numel())));
  }
  return sum / double(a.size(0));
}

double naiveSsimOfPlane(const at::Tensor& a, const at::Tensor& b, double range) {  // [H, W]
  const auto x = a.accessor<double, 2>();
  const auto y = b.accessor<double, 2>();
  double weights[11][11], total = 0;
  for (int i = 0; i < 11; ++i) {
    for (int j = 0; j < 11; ++j) {
      total += weights[i][j] = std::exp(-((i - 5) * (i - 5) + (j - 5) * (j - 5)) / (2 * 1.5 * 1.5));
    }
  }
  const double c1 = std::pow(0.01 * range, 2), c2 = std::pow(0.03 * range, 2);
  double sum = 0;
  int64_t count = 0;
  for (int64_t r = 0; r + 11 <= a.size(0); ++r) {
    for (int64_t c = 0; c + 11 <= a.size(1); ++c, ++count) {
      double mx = 0, my = 0, vx = 0, vy = 0, cov = 0;
      for (int i = 0; i < 11; ++i) {
        for (int j = 0; j < 11; ++j) {
          mx += weights[i][j] / total * x[r + i][c + j];
          my += weights[i][j] / total * y[r + i][c + j];
        }
      }
      for (int i = 0; i < 11; ++i) {
        for (int j = 0; j < 11; ++j) {
          const double dx = x[r + i][c + j] - mx, dy = y[r + i][c + j] - my;
          vx += weights[i][j] / total * dx * dx;
          vy += weights[i][j] / total * dy * dy;
          cov += weights[i][j] / total * dx * dy;
        }
      }
      sum += (2 * mx * my + c1) * (2 * cov + c2) / ((mx * mx + my * my + c1) * (vx + vy + c2));
    }
  }
  return sum / double(count);
}

TEST(SampleMetrics, AgreeWithPlainLoops) {
  const at::Tensor a = noise({3, 2, 13, 17}, 1), b = a + 0.3 * noise({3, 2, 13, 17}, 2);
  EXPECT_NEAR(psnr(a, b, 5), naivePsnr(a, b, 5), 1e-10);
  double expected = 0;
  for (int64_t f = 0; f < 3; ++f) {
    for (int64_t c = 0; c < 2; ++c) expected += naiveSsimOfPlane(a[f][c], b[f][c], 5) / 6;
  }
  EXPECT_NEAR(ssim(a, b, 5), expected, 1e-10);
}

TEST(SampleMetrics, KnownValues) {
  const at::Tensor a = at::full({2, 1, 12, 12}, 0.5, at::kDouble);
  EXPECT_DOUBLE_EQ(psnr(a, a, 2), kPsnrCap);
  EXPECT_NEAR(ssim(a, a, 2), 1, 1e-12);
  EXPECT_NEAR(psnr(a, a + 0.02, 2), 40, 1e-9);  // 10 log10(4 / 0.0004)
  const double c1 = 0.0004;                     // constants: the contrast term is 1
  EXPECT_NEAR(ssim(a, a + 0.5, 2), (2 * 0.5 * 1 + c1) / (0.25 + 1 + c1), 1e-9);
  at::Tensor half = a.clone();
  half[0] += 0.02;
  EXPECT_NEAR(psnr(a, half, 2), (40 + kPsnrCap) / 2, 1e-9) << "the mean of the frames' PSNR";
}

TEST(SampleMetrics, SymmetricAndNotAboveOne) {
  const at::Tensor a = noise({1, 1, 16, 16}, 3), b = noise({1, 1, 16, 16}, 4);
  EXPECT_NEAR(ssim(a, b, 4), ssim(b, a, 4), 1e-12);
  EXPECT_LT(ssim(a, b, 4), ssim(a, a + 0.1 * b, 4));
  EXPECT_LE(ssim(a, a + 0.1 * b, 4), 1);
}

TEST(SampleMetrics, FramesSmallerThanTheWindowHaveNoSsim) {
  const at::Tensor a = at::zeros({1, 1, 10, 12}, at::kDouble);
  EXPECT_TRUE(std::isnan(ssim(a, a, 2)));
  EXPECT_THROW((void)psnr(a, at::zeros({1, 1, 12, 12}, at::kDouble), 2), std::invalid_argument);
}

TEST(SampleMetrics, PixelsAreClampedAndLatentsKeepTheirRange) {
  const at::Tensor dense = at::full({1, 1, 2, 12, 12}, 1.0), other = at::full({1, 1, 2, 12, 12}, 3.0);
  EXPECT_DOUBLE_EQ(sampleQuality(other, dense).psnr, kPsnrCap) << "both are white";
  EXPECT_TRUE(judgedFrames(dense).pixels);
  at::Tensor latents = at::zeros({1, 4, 12, 12});  // an image of four channels
  latents[0][0][0][0] = 10;                        // data range 10
  EXPECT_FALSE(judgedFrames(latents).pixels);
  EXPECT_NEAR(sampleQuality(latents + 0.1, latents).psnr, 40, 1e-4);
}

}  // namespace
}  // namespace ditscope::collector::compare
