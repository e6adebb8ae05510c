// SPDX-License-Identifier: Apache-2.0
#include "analyzer/mask_legend.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

#include "analyzer/statistics.h"

namespace ditscope::analyzer {
namespace {

double usable(float mass) {
  return std::isfinite(mass) && mass > 0 ? double{mass} : 0.0;
}

double total(std::span<const float> row) {
  double sum = 0;
  for (const float mass : row) sum += usable(mass);
  return sum;
}

std::span<const float> rowOf(const db::BlockMass& mass, int32_t row) {
  return std::span(mass.mass).subspan(size_t(row) * size_t(mass.cols), size_t(mass.cols));
}

void requireSameShape(const db::BlockMask& mask, const db::BlockMass& mass) {
  if (mask.rows() != mass.rows || mask.cols() != mass.cols ||
      mass.mass.size() != size_t(mass.rows) * size_t(mass.cols))
    throw std::invalid_argument("mask and mass have different shapes");
}

// Heaviest first until `share` of the row is reached; equal blocks in order of their column.
void markTopMass(std::span<const float> row, double share, double sum, std::vector<uint8_t>& heavy) {
  std::vector<size_t> order(row.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, [&](size_t a, size_t b) { return usable(row[a]) > usable(row[b]); });
  double reached = 0;
  for (const size_t col : order) {
    if (reached >= share * sum || usable(row[col]) == 0) return;
    heavy[col] = 1;
    reached += usable(row[col]);
  }
}

}  // namespace

std::string_view blockClassLabel(BlockClass blockClass) {
  switch (blockClass) {
    case BlockClass::DroppedLight:
      return "dropped and light";
    case BlockClass::KeptLight:
      return "kept but light (waste)";
    case BlockClass::KeptHeavy:
      return "kept and heavy";
    case BlockClass::DroppedHeavy:
      return "dropped but heavy (miss)";
  }
  return {};
}

std::vector<uint8_t> heavyBlocks(std::span<const float> row, const HeavyRule& rule) {
  std::vector<uint8_t> heavy(row.size(), 0);
  const double sum = total(row);
  if (sum == 0) return heavy;
  if (rule.kind == HeavyRule::Kind::TopMass) {
    markTopMass(row, rule.value, sum, heavy);
  } else {
    for (size_t col = 0; col < row.size(); ++col)
      heavy[col] = usable(row[col]) > 0 && usable(row[col]) >= rule.value * sum;
  }
  return heavy;
}

MaskLegend classifyBlocks(const db::BlockMask& mask, const db::BlockMass& mass, const HeavyRule& rule) {
  requireSameShape(mask, mass);
  MaskLegend legend{.rows = mass.rows, .cols = mass.cols, .classes = {}};
  legend.classes.reserve(mass.mass.size());
  for (int32_t r = 0; r < mass.rows; ++r) {
    const std::span<const float> row = rowOf(mass, r);
    const std::vector<uint8_t> heavy = heavyBlocks(row, rule);
    for (int32_t c = 0; c < mass.cols; ++c) {
      const bool kept = mask.at(r, c) != db::BlockState::Skipped;
      const bool isHeavy = heavy[size_t(c)] != 0;
      const BlockClass blockClass = kept ? (isHeavy ? BlockClass::KeptHeavy : BlockClass::KeptLight)
                                         : (isHeavy ? BlockClass::DroppedHeavy : BlockClass::DroppedLight);
      legend.classes.push_back(blockClass);
      ++legend.blocks[size_t(blockClass)];
      legend.mass[size_t(blockClass)] += usable(row[size_t(c)]);
    }
  }
  const double all = std::accumulate(legend.mass.begin(), legend.mass.end(), 0.0);
  if (all > 0)
    for (double& share : legend.mass) share /= all;
  return legend;
}

std::vector<double> rowRecall(const db::BlockMask& mask, const db::BlockMass& mass) {
  requireSameShape(mask, mass);
  std::vector<double> recall;
  recall.reserve(size_t(mass.rows));
  for (int32_t r = 0; r < mass.rows; ++r) {
    const std::span<const float> row = rowOf(mass, r);
    double kept = 0;
    for (int32_t c = 0; c < mass.cols; ++c)
      if (mask.at(r, c) != db::BlockState::Skipped) kept += usable(row[size_t(c)]);
    const double sum = total(row);
    recall.push_back(sum > 0 ? kept / sum : kNaN);
  }
  return recall;
}

}  // namespace ditscope::analyzer
