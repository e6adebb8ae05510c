// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/plots/mask_image.h"

#include <algorithm>
#include <cmath>

#include "analyzer/pooling.h"

namespace ditscope::gui {
namespace {

using analyzer::BlockClass;

template <class Colour>
QImage paint(int rows, int cols, Colour colourOf) {
  QImage image(cols, rows, QImage::Format_ARGB32);
  for (int row = 0; row < rows; ++row) {
    auto* line = reinterpret_cast<QRgb*>(image.scanLine(row));
    for (int col = 0; col < cols; ++col) line[col] = colourOf(row, col);
  }
  return image;
}

}  // namespace

ValueScale massScale(const db::BlockMass& mass) {
  return {.lo = 0.01 / std::max(mass.cols, 1), .hi = 1, .log = true};
}

QImage classImage(const HeadBlocks& blocks, const MaskColours& colours, int maxRows, int maxCols) {
  const auto classes = analyzer::poolClasses(*blocks.legend, maxRows, maxCols);
  const auto states = analyzer::poolMask(*blocks.mask, maxRows, maxCols);
  const auto mass = analyzer::poolMass(*blocks.mass, maxRows, maxCols);
  const ValueScale scale = massScale(*blocks.mass);
  return paint(classes.rows, classes.cols, [&](int row, int col) {
    const BlockClass blockClass = classes.at(row, col);
    if (blockClass == BlockClass::DroppedHeavy && states.at(row, col) != db::BlockState::Skipped)
      return colours.pooledBoth;
    const double at = scale.position(mass.at(row, col));
    const ClassColours& ramp = colours.classes[size_t(blockClass)];
    return mix(ramp.low, ramp.high, std::isnan(at) ? 0 : at);
  });
}

QImage stateImage(const db::BlockMask& mask, const MaskColours& colours, int maxRows, int maxCols) {
  const auto states = analyzer::poolMask(mask, maxRows, maxCols);
  const QRgb table[] = {colours.classes[size_t(BlockClass::DroppedLight)].low,
                        colours.classes[size_t(BlockClass::KeptLight)].high,
                        colours.classes[size_t(BlockClass::KeptHeavy)].low};
  return paint(states.rows, states.cols,
               [&](int row, int col) { return table[size_t(states.at(row, col))]; });
}

QImage pairImage(const db::BlockMask& first, const db::BlockMask& second, const PairColours& colours,
                 int maxRows, int maxCols) {
  const int rows = std::min(first.rows(), maxRows), cols = std::min(first.cols(), maxCols);
  return paint(rows, cols, [&](int row, int col) {
    const analyzer::PoolSpan down = analyzer::poolSpan(row, rows, first.rows());
    const analyzer::PoolSpan across = analyzer::poolSpan(col, cols, first.cols());
    bool onlyFirst = false, onlySecond = false, both = false;
    for (int r = down.begin; r < down.end; ++r) {
      for (int c = across.begin; c < across.end; ++c) {
        const MaskPair pair = pairAt(first, second, r, c);
        onlyFirst |= pair == MaskPair::OnlyFirst;
        onlySecond |= pair == MaskPair::OnlySecond;
        both |= pair == MaskPair::Both;
      }
    }
    if (onlyFirst && onlySecond) return mix(colours.onlyFirst, colours.onlySecond, 0.5);
    return onlyFirst    ? colours.onlyFirst
           : onlySecond ? colours.onlySecond
           : both       ? colours.both
                        : colours.neither;
  });
}

QImage massImage(const db::BlockMass& mass, const ValueScale& scale, int maxRows, int maxCols) {
  const auto pooled = analyzer::poolMass(mass, maxRows, maxCols);
  const ColourTable& table = colourTable(ColourMapId::Viridis);
  return paint(pooled.rows, pooled.cols,
               [&](int row, int col) { return colourOf(double(pooled.at(row, col)), scale, table); });
}

}  // namespace ditscope::gui
