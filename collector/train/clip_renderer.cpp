// SPDX-License-Identifier: Apache-2.0
#include "collector/train/clip_renderer.h"

#include <ATen/ATen.h>

#include <cmath>
#include <random>

namespace ditscope::collector::train {
namespace {

double reflect(double position, double range) {  // a ball between two walls at 0 and range
  const double phase = position - 2 * range * std::floor(position / (2 * range));
  return phase <= range ? phase : 2 * range - phase;
}

struct Path {
  double start, velocity, range;  // pixels, pixels a frame
  [[nodiscard]] int64_t at(int64_t frame) const {
    return std::lround(reflect(start + velocity * static_cast<double>(frame), range));
  }
};

Path randomPath(const ClipShape& shape, std::mt19937_64& random) {
  const double range = static_cast<double>(shape.size - shape.garmentSide());
  const double fastest = static_cast<double>(shape.size) / 16;
  return {std::uniform_real_distribution<>(0, range)(random),
          std::uniform_real_distribution<>(-fastest, fastest)(random), range};
}

}  // namespace

Clips renderClips(const Garments& garments, const ClipShape& shape, int64_t count, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::uniform_int_distribution<int64_t> pick(0, garments.count - 1);
  Clips clips;
  clips.pixels = at::full({count, 1, shape.frames, shape.size, shape.size}, -1.0F, at::kFloat);
  clips.labels = at::empty({count}, at::kLong);
  float* pixels = clips.pixels.data_ptr<float>();
  int64_t* labels = clips.labels.data_ptr<int64_t>();
  const int64_t side = garments.side;
  for (int64_t clip = 0; clip < count; ++clip) {
    const int64_t which = pick(random);
    labels[clip] = garments.labels[static_cast<size_t>(which)];
    const uint8_t* image = garments.pixels.data() + which * side * side;
    const Path down = randomPath(shape, random);
    const Path across = randomPath(shape, random);
    for (int64_t frame = 0; frame < shape.frames; ++frame) {
      float* picture = pixels + (clip * shape.frames + frame) * shape.size * shape.size;
      float* corner = picture + down.at(frame) * shape.size + across.at(frame);
      for (int64_t y = 0; y < side; ++y) {
        for (int64_t x = 0; x < side; ++x) {
          corner[y * shape.size + x] = static_cast<float>(image[y * side + x]) / 127.5F - 1.0F;
        }
      }
    }
  }
  return clips;
}

at::Tensor dropLabels(const at::Tensor& labels, at::Generator& random) {
  constexpr double kShare = 0.1;
  return labels.masked_fill(at::rand(labels.sizes(), random, at::kFloat) < kShare, kNoLabel);
}

}  // namespace ditscope::collector::train
