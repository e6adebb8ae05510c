// SPDX-License-Identifier: Apache-2.0
#include "analyzer/pooling.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "analyzer/statistics.h"

namespace ditscope::analyzer {
namespace {

struct Shape {
  int32_t rows;
  int32_t cols;
};

BlockRect clipped(const BlockRect& rect, Shape shape) {
  BlockRect clip;
  clip.row0 = std::clamp(rect.row0, 0, shape.rows);
  clip.row1 = std::clamp(rect.row1, clip.row0, shape.rows);
  clip.col0 = std::clamp(rect.col0, 0, shape.cols);
  clip.col1 = std::clamp(rect.col1, clip.col0, shape.cols);
  return clip;
}

// Folds valueAt(row, col) of the blocks of each output cell: state = fold(state, value), then finish(state).
template <class T, class State, class ValueAt, class Fold, class Finish>
Pooled<T> pool(Shape shape, const BlockRect& rect, int32_t maxRows, int32_t maxCols, State start,
               ValueAt valueAt, Fold fold, Finish finish) {
  if (maxRows < 1 || maxCols < 1) throw std::invalid_argument("a map is pooled to at least one cell");
  Pooled<T> out;
  out.source = clipped(rect, shape);
  const BlockRect& source = out.source;
  const int32_t height = source.row1 - source.row0;
  const int32_t width = source.col1 - source.col0;
  out.rows = std::min(maxRows, height);
  out.cols = std::min(maxCols, width);
  out.cells.reserve(size_t(out.rows) * size_t(out.cols));
  for (int32_t r = 0; r < out.rows; ++r) {
    const PoolSpan rows = poolSpan(r, out.rows, height);
    for (int32_t c = 0; c < out.cols; ++c) {
      const PoolSpan cols = poolSpan(c, out.cols, width);
      State state = start;
      for (int32_t row = rows.begin; row < rows.end; ++row)
        for (int32_t col = cols.begin; col < cols.end; ++col)
          fold(state, valueAt(source.row0 + row, source.col0 + col));
      out.cells.push_back(finish(state));
    }
  }
  return out;
}

template <class T, class Map>
Pooled<T> poolStrongest(const Map& map, Shape shape, int32_t maxRows, int32_t maxCols,
                        const BlockRect& rect) {
  return pool<T>(
      shape, rect, maxRows, maxCols, T{}, [&](int32_t row, int32_t col) { return map.at(row, col); },
      [](T& strongest, T value) { strongest = std::max(strongest, value); },
      [](T strongest) { return strongest; });
}

}  // namespace

PoolSpan poolSpan(int32_t cell, int32_t cells, int32_t blocks) {
  const auto edge = [&](int64_t i) { return static_cast<int32_t>(i * blocks / cells); };
  return {edge(cell), edge(int64_t{cell} + 1)};
}

Pooled<db::BlockState> poolMask(const db::BlockMask& mask, int32_t maxRows, int32_t maxCols,
                                const BlockRect& rect) {
  return poolStrongest<db::BlockState>(mask, {mask.rows(), mask.cols()}, maxRows, maxCols, rect);
}

Pooled<BlockClass> poolClasses(const MaskLegend& legend, int32_t maxRows, int32_t maxCols,
                               const BlockRect& rect) {
  return poolStrongest<BlockClass>(legend, {legend.rows, legend.cols}, maxRows, maxCols, rect);
}

Pooled<float> poolMass(const db::BlockMass& mass, int32_t maxRows, int32_t maxCols, const BlockRect& rect) {
  return pool<float>(
      {mass.rows, mass.cols}, rect, maxRows, maxCols, Summary{},
      [&](int32_t row, int32_t col) { return mass.at(row, col); },
      [](Summary& summary, float value) { summary.add(double{value}); },
      [](const Summary& summary) { return static_cast<float>(summary.mean()); });
}

}  // namespace ditscope::analyzer
