// SPDX-License-Identifier: Apache-2.0
// Kept blocks of a call while a method chooses them, and what every method does to its choice.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "collector/methods/method.h"

namespace ditscope::collector {

struct BlockChoice {
  BlockChoice(const MethodCall& call, int64_t lists);  // lists: 1 = all heads share it, or one a head

  kernels::BlockGrid grid;
  std::vector<uint8_t> kept;  // [lists, query blocks, key blocks], 1 = kept

  [[nodiscard]] uint8_t* row(int64_t list, int64_t queryBlock) {
    return kept.data() + (list * grid.qBlocks + queryBlock) * grid.kBlocks;
  }
};

// So many of `blocks` blocks are a share of them: rounded up, at least one.
[[nodiscard]] int64_t keptBlocks(double share, int64_t blocks);

// Text attends all and all attend the text: rows and columns of the blocks that hold text tokens.
void keepText(BlockChoice& choice, const MethodCall& call);

[[nodiscard]] std::shared_ptr<const kernels::BlockListStorage> toLists(const BlockChoice& choice,
                                                                       const MethodCall& call);

}  // namespace ditscope::collector
