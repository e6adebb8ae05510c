// SPDX-License-Identifier: Apache-2.0
// Training clips: one garment, three quarters of the frame wide, that moves on a straight line and bounces
// off the borders. Start, velocity and garment are random; the background is -1, the brightest pixel 1.
#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <cstdint>

#include "collector/train/fashion_mnist.h"

namespace ditscope::collector::train {

struct ClipShape {
  int64_t frames = 8;
  int64_t size = 32;  // pixels, square

  [[nodiscard]] int64_t garmentSide() const { return size * 3 / 4; }
};

struct Clips {
  at::Tensor pixels;  // [B, 1, T, S, S] f32 in [-1, 1]
  at::Tensor labels;  // [B] int64
};

// `garments` are already shrunk to shape.garmentSide(). The same seed gives the same clips.
Clips renderClips(const Garments& garments, const ClipShape& shape, int64_t count, uint64_t seed);

inline constexpr int64_t kNoLabel = kClasses;  // what stands for "no class" in guidance

// Labels with one in ten, at random, replaced by kNoLabel.
at::Tensor dropLabels(const at::Tensor& labels, at::Generator& random);

}  // namespace ditscope::collector::train
