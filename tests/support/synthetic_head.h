// SPDX-License-Identifier: Apache-2.0
// A made-up attention head whose block masses and LSE behave like those of a video transformer: a fixed
// pattern (near blocks, the same place in other frames, everything, or a sink) under noise that drifts
// quickly at first and settles towards the end of sampling. Same arguments, same numbers.
#pragma once

#include <cstdint>
#include <vector>

#include "db/block_mask.h"
#include "db/model.h"

namespace ditscope::tests {

enum class HeadPattern : uint8_t { Local, Temporal, Dense, Sink };

struct HeadPlace {
  int32_t layer = 0;
  int32_t head = 0;
  db::Branch branch = db::Branch::Cond;
};

[[nodiscard]] HeadPattern patternOf(const HeadPlace& place);

// A repeatable draw of mean 0 and variance 1 that depends on the two keys alone.
[[nodiscard]] float noise(uint64_t key, uint64_t index);

class SyntheticHead {
 public:
  SyntheticHead(const HeadPlace& place, const db::TokenGrid& grid, int32_t blockSize, uint64_t seed);

  struct State {
    db::BlockMass mass;
    std::vector<float> lse;  // [query blocks]
  };
  [[nodiscard]] State at(int32_t step, int32_t steps) const;

 private:
  int32_t m_blocks = 0;
  HeadPattern m_pattern;
  uint64_t m_key = 0;
  std::vector<float> m_affinity;              // [blocks][blocks], logits of the pattern
  std::vector<float> m_noiseCos, m_noiseSin;  // [blocks][blocks], between which the drift turns
};

}  // namespace ditscope::tests
