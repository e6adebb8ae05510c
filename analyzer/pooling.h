// SPDX-License-Identifier: Apache-2.0
// Shrinks a block map to what a screen can show: the strongest value for masks and classes, so that a kept
// block is never hidden, the mean for mass. Nothing is enlarged; a map that fits comes back as it is.
// Output cell i of n covers the input blocks poolSpan(i, n, blocks), whose sizes differ by at most one.
#pragma once

#include <limits>
#include <vector>

#include "analyzer/mask_legend.h"
#include "db/block_mask.h"

namespace ditscope::analyzer {

struct BlockRect {  // rows [row0, row1), columns [col0, col1) of a map; clipped to it
  int32_t row0 = 0;
  int32_t row1 = 0;
  int32_t col0 = 0;
  int32_t col1 = 0;
};

template <class T>
struct Pooled {
  int32_t rows = 0;
  int32_t cols = 0;
  BlockRect source;      // the part of the input that was pooled
  std::vector<T> cells;  // [rows][cols]
  [[nodiscard]] T at(int32_t row, int32_t col) const {
    return cells[size_t(row) * size_t(cols) + size_t(col)];
  }
};

struct PoolSpan {
  int32_t begin = 0;
  int32_t end = 0;
};
[[nodiscard]] PoolSpan poolSpan(int32_t cell, int32_t cells, int32_t blocks);

// maxRows, maxCols >= 1, else std::invalid_argument. kWholeMap is clipped to the map as any rectangle is.
inline constexpr BlockRect kWholeMap{0, std::numeric_limits<int32_t>::max(), 0,
                                     std::numeric_limits<int32_t>::max()};
[[nodiscard]] Pooled<db::BlockState> poolMask(const db::BlockMask& mask, int32_t maxRows, int32_t maxCols,
                                              const BlockRect& rect = kWholeMap);
[[nodiscard]] Pooled<BlockClass> poolClasses(const MaskLegend& legend, int32_t maxRows, int32_t maxCols,
                                             const BlockRect& rect = kWholeMap);
// Mean mass per block; blocks that are not finite are left out, NaN when none is left.
[[nodiscard]] Pooled<float> poolMass(const db::BlockMass& mass, int32_t maxRows, int32_t maxCols,
                                     const BlockRect& rect = kWholeMap);

}  // namespace ditscope::analyzer
