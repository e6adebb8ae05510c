// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/attention.h"
#include "kernels/block_walk.h"
#include "kernels/cpu_block.h"
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
    std::vector<float> shift(static_cast<size_t>(rows));
    std::vector<float> log2Mass(static_cast<size_t>(rows));
    for (int64_t r = 0; r < rows; ++r) shift[size_t(r)] = lse[r] == -INFINITY ? INFINITY : lse[r] * kLog2E;
    for (int64_t t = 0; t < args.keyBlocks; ++t) {
      const int16_t* codes = args.rowLogMass + (head * args.keyBlocks + t) * args.queries + row0;
      for (int64_t r = 0; r < rows; ++r) log2Mass[size_t(r)] = decodeLogMass(codes[r]);
      args.mass[task * args.keyBlocks + t] = sumExp2(log2Mass.data(), shift.data(), rows) / float(rows);
    }
  });
}

}  // namespace ditscope::kernels
