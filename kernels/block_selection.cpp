// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <vector>

#include "kernels/mask_search.h"

namespace ditscope::kernels {
namespace {

// Calls select(scores, kept) for each row or head of the grid.
template <class Select>
void forEachGroup(const BlockGrid& grid, std::span<const float> scores, SelectionScope scope,
                  std::span<uint8_t> kept, const Select& select) {
  if (int64_t(scores.size()) != grid.blocks() || kept.size() != scores.size())
    throw std::invalid_argument("block selection : the scores or the mask have another size than the grid");
  const size_t length = size_t(scope == SelectionScope::Row ? grid.kBlocks : grid.qBlocks * grid.kBlocks);
  if (length == 0) return;
  for (size_t begin = 0; begin < scores.size(); begin += length)
    select(scores.subspan(begin, length), kept.subspan(begin, length));
}

// Heavier first, then the lower index.
auto heavierIn(std::span<const float> scores) {
  return [scores](uint32_t a, uint32_t b) {
    const float lowest = -std::numeric_limits<float>::infinity();
    const float scoreA = std::isnan(scores[a]) ? lowest : scores[a];
    const float scoreB = std::isnan(scores[b]) ? lowest : scores[b];
    return scoreA > scoreB || (scoreA == scoreB && a < b);
  };
}

}  // namespace

void selectTopK(const BlockGrid& grid, std::span<const float> scores, int64_t count, SelectionScope scope,
                std::span<uint8_t> kept) {
  std::vector<uint32_t> order;
  forEachGroup(grid, scores, scope, kept, [&](std::span<const float> group, std::span<uint8_t> groupKept) {
    const size_t wanted = size_t(std::clamp<int64_t>(count, 0, int64_t(group.size())));
    order.resize(group.size());
    std::iota(order.begin(), order.end(), 0u);
    std::nth_element(order.begin(), order.begin() + std::ptrdiff_t(wanted), order.end(), heavierIn(group));
    std::fill(groupKept.begin(), groupKept.end(), uint8_t(0));
    for (size_t i = 0; i < wanted; ++i) groupKept[order[i]] = 1;
  });
}

void selectTopP(const BlockGrid& grid, std::span<const float> scores, double share, SelectionScope scope,
                std::span<uint8_t> kept, Crossing crossing) {
  constexpr double kHit = 1e-6;  // of the total
  std::vector<uint32_t> order;
  forEachGroup(grid, scores, scope, kept, [&](std::span<const float> group, std::span<uint8_t> groupKept) {
    order.clear();
    double total = 0;
    for (size_t i = 0; i < group.size(); ++i) {
      if (!(group[i] > 0)) continue;
      total += double(group[i]);
      order.push_back(uint32_t(i));
    }
    std::fill(groupKept.begin(), groupKept.end(), uint8_t(order.empty()));
    std::sort(order.begin(), order.end(), heavierIn(group));
    const double wanted = share * total;
    double sum = 0;
    for (const uint32_t block : order) {
      const double before = sum;
      sum += double(group[block]);
      const bool stop =
          crossing == Crossing::Included ? before >= wanted - kHit * total : sum > wanted + kHit * total;
      if (stop && before > 0) break;
      groupKept[block] = 1;
    }
  });
}

}  // namespace ditscope::kernels
