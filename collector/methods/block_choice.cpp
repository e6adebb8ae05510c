// SPDX-License-Identifier: Apache-2.0
#include "collector/methods/block_choice.h"

#include <algorithm>
#include <cmath>

namespace ditscope::collector {

BlockChoice::BlockChoice(const MethodCall& call, int64_t lists) {
  const int64_t block = call.block;
  grid = {lists, (call.queries() + block - 1) / block, (call.keys() + block - 1) / block};
  kept.resize(size_t(grid.blocks()));
}

int64_t keptBlocks(double share, int64_t blocks) {
  return std::clamp<int64_t>(int64_t(std::ceil(share * double(blocks) - 1e-9)), 1,
                             std::max<int64_t>(blocks, 1));
}

void keepText(BlockChoice& choice, const MethodCall& call) {
  if (call.text.begin >= call.text.end) {
    return;
  }
  const int64_t first = call.text.begin / call.block;
  const int64_t last = (call.text.end - 1) / call.block;
  for (int64_t list = 0; list < choice.grid.lists; ++list) {
    for (int64_t g = 0; g < choice.grid.qBlocks; ++g) {
      const bool textRow = g >= first && g <= last;
      uint8_t* row = choice.row(list, g);
      const int64_t begin = textRow ? 0 : first;
      const int64_t end = std::min(textRow ? choice.grid.kBlocks : last + 1, choice.grid.kBlocks);
      std::fill(row + begin, row + end, uint8_t{1});
    }
  }
}

std::shared_ptr<const kernels::BlockListStorage> toLists(const BlockChoice& choice, const MethodCall& call) {
  return std::make_shared<kernels::BlockListStorage>(
      kernels::listFromMask(choice.grid, choice.kept, call.block, call.block, {choice.grid.lists}));
}

}  // namespace ditscope::collector
