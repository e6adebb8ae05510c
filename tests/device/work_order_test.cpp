// SPDX-License-Identifier: Apache-2.0
// The order of work, emulated: every item once, rows that are much longer than the mean before all, and
// within a section the longer classes first.
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>

#include "kernels/cuda/launch.h"
#include "tests/kernels/attention_case.h"

namespace ditscope::kernels::test {
namespace {

struct Order {
  std::vector<int32_t> items, lengths;  // lengths: of the rows in that order
  int32_t next = -1;
};

Order orderOf(const BlockListStorage& storage, int heads, int qBlocks, int kBlocks) {
  cuda::DeviceArgs args;
  args.batches = 1;
  args.heads = args.kvHeads = heads;
  args.qBlocks = qBlocks;
  args.kBlocks = args.usableBlocks = kBlocks;
  args.items = heads * qBlocks;
  args.validKeys = kBlocks * 64;
  args.dim = 64;
  args.hasList = true;
  args.list = storage.view();
  Order order{.items = std::vector<int32_t>(size_t(args.items)), .lengths = {}};
  std::vector<int32_t> bins(cuda::kOrderBins + 2);
  cuda::orderItems(args, order.items.data(), &order.next, bins.data(), nullptr);
  for (const int32_t item : order.items)
    order.lengths.push_back(storage.rowStart[size_t(item) + 1] - storage.rowStart[size_t(item)]);
  return order;
}

TEST(WorkOrder, EveryItemOnceAndLongRowsFirst) {
  std::mt19937 random(1);
  for (const int qBlocks : {1, 7, 90}) {
    constexpr int kHeads = 4;
    constexpr int kBlocks = 64;
    const BlockGrid grid{kHeads, qBlocks, kBlocks};
    std::vector<uint8_t> mask = randomMask(grid, 0.1, random);
    const size_t dense = size_t(grid.blocks()) - kBlocks;  // the last row, as a text row would be
    std::fill(mask.begin() + std::ptrdiff_t(dense), mask.end(), uint8_t(1));
    const Order order =
        orderOf(listFromMask(grid, mask, 64, 64, {.heads = kHeads}), kHeads, qBlocks, kBlocks);
    std::vector<int32_t> sorted = order.items;
    std::sort(sorted.begin(), sorted.end());
    std::vector<int32_t> all(sorted.size());
    std::iota(all.begin(), all.end(), 0);
    EXPECT_EQ(sorted, all);
    EXPECT_EQ(order.next, 0);
    if (qBlocks > 1) {
      EXPECT_EQ(order.lengths.front(), kBlocks);
    }
    // One section here: lengths fall but for what a class of lengths leaves open.
    const int mean =
        std::accumulate(order.lengths.begin(), order.lengths.end(), 0) / int(order.lengths.size());
    const int step = 3 * mean / 31 + 1;
    for (size_t i = 1; i < order.lengths.size(); ++i)
      EXPECT_LE(order.lengths[i], order.lengths[i - 1] + step);
  }
}

}  // namespace
}  // namespace ditscope::kernels::test
