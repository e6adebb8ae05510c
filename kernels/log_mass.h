// SPDX-License-Identifier: Apache-2.0
// The Q7.8 code of a row's log mass in one key block: log2 of its summed exp(score), in steps of 1/256,
// saturating. Relative error of the mass it stands for: at most 2^(1/512) - 1 = 0.14 %.
#pragma once

#include <cmath>
#include <cstdint>

#include "kernels/attention.h"

namespace ditscope::kernels {

// The lowest code means "no mass that the range can express": it decodes to -inf.
inline constexpr int16_t kNoMass = INT16_MIN + 1;

inline int16_t encodeLogMass(float log2Mass) {
  if (std::isnan(log2Mass)) return kNotVisited;
  const float scaled = log2Mass * 256.0f;
  if (scaled <= float(kNoMass)) return kNoMass;
  if (scaled >= float(INT16_MAX)) return INT16_MAX;
  return int16_t(std::lrint(scaled));
}

inline float decodeLogMass(int16_t code) {
  return code <= kNoMass ? -INFINITY : float(code) / 256.0f;
}

}  // namespace ditscope::kernels
