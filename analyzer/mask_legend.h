// SPDX-License-Identifier: Apache-2.0
// Did the mask keep the right blocks? Each block is kept or dropped, and heavy or light by its share of the
// softmax mass of its block row; the four combinations are the legend of the mask view.
#pragma once

#include <array>
#include <span>
#include <string_view>
#include <vector>

#include "db/block_mask.h"

namespace ditscope::analyzer {

// In order of what must not be hidden when several blocks share a pixel: the largest wins.
enum class BlockClass : uint8_t {
  DroppedLight,
  KeptLight,  // waste
  KeptHeavy,
  DroppedHeavy,  // miss
};
inline constexpr size_t kBlockClassCount = 4;
[[nodiscard]] std::string_view blockClassLabel(BlockClass blockClass);

struct HeavyRule {
  enum class Kind : uint8_t {
    RowShare,  // heavy: at least `value` of the row's mass
    TopMass,   // heavy: in the smallest set of blocks that holds `value` of the row's mass
  };
  Kind kind = Kind::TopMass;
  double value = 0.95;
};

struct MaskLegend {
  int32_t rows = 0;
  int32_t cols = 0;
  std::vector<BlockClass> classes;  // [rows][cols]
  std::array<int64_t, kBlockClassCount> blocks{};
  std::array<double, kBlockClassCount> mass{};  // share of the head's mass; sums to 1 (0 for an empty map)

  [[nodiscard]] BlockClass at(int32_t row, int32_t col) const {
    return classes[size_t(row) * size_t(cols) + size_t(col)];
  }
};

// Both throw std::invalid_argument when mask and mass differ in shape. Rows without mass have no heavy block.
[[nodiscard]] MaskLegend classifyBlocks(const db::BlockMask& mask, const db::BlockMass& mass,
                                        const HeavyRule& rule);
// Kept share of the mass of each block row, [rows]; NaN for a row without mass. The mean over the queries of
// the row's recall, exact for full blocks; a partial block counts whole, so it is an upper bound there.
[[nodiscard]] std::vector<double> rowRecall(const db::BlockMask& mask, const db::BlockMass& mass);
// 1 = heavy, for one row of masses; not finite or negative mass counts as none.
[[nodiscard]] std::vector<uint8_t> heavyBlocks(std::span<const float> row, const HeavyRule& rule);

}  // namespace ditscope::analyzer
