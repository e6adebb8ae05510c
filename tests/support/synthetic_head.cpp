// SPDX-License-Identifier: Apache-2.0
#include "tests/support/synthetic_head.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace ditscope::tests {
namespace {

uint64_t mix(uint64_t x) {  // splitmix64
  x += 0x9E3779B97F4A7C15u;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

struct Position {
  float frame, row, col;
};

Position centreOf(int32_t block, int32_t blockSize, const db::TokenGrid& grid) {
  const int64_t token = std::min<int64_t>(int64_t{block} * blockSize + blockSize / 2, grid.count() - 1);
  const int64_t perFrame = int64_t{grid.rows} * grid.cols;
  return {float(token / perFrame), float(token % perFrame / grid.cols), float(token % grid.cols)};
}

float square(float x) {
  return x * x;
}

float affinity(HeadPattern pattern, const Position& q, const Position& k, const db::TokenGrid& grid,
               int32_t keyBlock) {
  const float frames = square(q.frame - k.frame);
  const float inFrame =
      square((q.row - k.row) / float(grid.rows)) + square((q.col - k.col) / float(grid.cols));
  switch (pattern) {
    case HeadPattern::Local:
      return -1.2f * frames - 8.0f * inFrame;
    case HeadPattern::Temporal:
      return -40.0f * inFrame - 0.02f * frames;
    case HeadPattern::Dense:
      return 0;
    case HeadPattern::Sink:
      return (keyBlock == 0 ? 4.0f : 0.0f) - 0.3f * frames;
  }
  return 0;
}

}  // namespace

HeadPattern patternOf(const HeadPlace& place) {
  // The middle layers have more dense heads, as in the models.
  constexpr std::array kOrder = {HeadPattern::Local, HeadPattern::Temporal, HeadPattern::Local,
                                 HeadPattern::Dense, HeadPattern::Temporal, HeadPattern::Sink};
  return kOrder[size_t(place.head + place.layer) % kOrder.size()];
}

float noise(uint64_t key, uint64_t index) {  // sum of four uniforms, scaled to variance 1
  const uint64_t bits = mix(key ^ mix(index));
  float sum = 0;
  for (int i = 0; i < 4; ++i) sum += float(bits >> (16 * i) & 0xffff) / 65535.0f - 0.5f;
  return sum * std::sqrt(3.0f);
}

SyntheticHead::SyntheticHead(const HeadPlace& place, const db::TokenGrid& grid, int32_t blockSize,
                             uint64_t seed)
    : m_blocks(int32_t((grid.count() + blockSize - 1) / blockSize)),
      m_pattern(patternOf(place)),
      m_key(
          mix(seed ^ mix(uint64_t(place.layer) << 32 | uint64_t(place.head) << 8 | uint64_t(place.branch)))) {
  const size_t cells = size_t(m_blocks) * size_t(m_blocks);
  for (int32_t q = 0; q < m_blocks; ++q) {
    const Position query = centreOf(q, blockSize, grid);
    for (int32_t k = 0; k < m_blocks; ++k) {
      m_affinity.push_back(affinity(m_pattern, query, centreOf(k, blockSize, grid), grid, k));
    }
  }
  for (size_t i = 0; i < cells; ++i) {
    m_noiseCos.push_back(noise(m_key, 2 * i));
    m_noiseSin.push_back(noise(m_key, 2 * i + 1));
  }
}

SyntheticHead::State SyntheticHead::at(int32_t step, int32_t steps) const {
  const float progress = float(step) / float(std::max(steps, 1));
  const float settled = 1 - std::exp(-3 * progress);
  const float angle = 1.5f * settled;
  const float amplitude = m_pattern == HeadPattern::Dense ? 0.4f : 0.9f;
  const float sharpness = 0.7f + 0.5f * settled;  // attention concentrates as the noise goes
  State state{{m_blocks, m_blocks, std::vector<float>(m_affinity.size())},
              std::vector<float>(size_t(m_blocks))};
  for (size_t q = 0; q < size_t(m_blocks); ++q) {
    float* row = &state.mass.mass[q * size_t(m_blocks)];
    float sum = 0;
    for (size_t k = 0; k < size_t(m_blocks); ++k) {
      const size_t i = q * size_t(m_blocks) + k;
      const float drift = std::cos(angle) * m_noiseCos[i] + std::sin(angle) * m_noiseSin[i];
      row[k] = std::exp(sharpness * m_affinity[i] + amplitude * drift);
      sum += row[k];
    }
    for (size_t k = 0; k < size_t(m_blocks); ++k) row[k] /= sum;
    state.lse[q] = 6 + std::log(sum) + 1.5f * std::exp(-4 * progress) * (1 + 0.2f * noise(m_key, ~q));
  }
  return state;
}

}  // namespace ditscope::tests
