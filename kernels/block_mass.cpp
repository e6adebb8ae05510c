// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "kernels/attention.h"
#include "kernels/block_walk.h"
#include "kernels/log_mass.h"
#include "kernels/parallel.h"

namespace ditscope::kernels {

void blockMassFromRowLogMass(const BlockMassArgs& args, int threads) {
  constexpr float kLog2E = 1.44269504f;
  const int64_t qBlocks = ceilDiv(args.queries, args.qBlock);
  parallelFor(args.batchHeads * qBlocks, resolveThreads(threads), [&](int64_t task, int) {
    const int64_t head = task / qBlocks;
    const int64_t row0 = task % qBlocks * args.qBlock;
    const int64_t rows = std::min<int64_t>(args.qBlock, args.queries - row0);
    const float* lse = args.lse + head * args.queries + row0;
    for (int64_t t = 0; t < args.keyBlocks; ++t) {
      const int16_t* codes = args.rowLogMass + (head * args.keyBlocks + t) * args.queries + row0;
      float sum = 0;
      for (int64_t r = 0; r < rows; ++r) {
        if (lse[r] != -INFINITY) sum += std::exp2(decodeLogMass(codes[r]) - lse[r] * kLog2E);
      }
      args.mass[task * args.keyBlocks + t] = sum / float(rows);
    }
  });
}

}  // namespace ditscope::kernels
