// SPDX-License-Identifier: Apache-2.0
// Stamps of work items: what they add up to, and that the emulated kernels write them.
#include <gtest/gtest.h>

#include "kernels/cuda/item_times.h"
#include "tests/device/soft/soft_gpu.h"
#include "tests/kernels/attention_case.h"

namespace ditscope::kernels::test {
namespace {

TEST(ItemTimes, HeadsDivideTheSpanByProcessorTime) {
  // Two processors; head 0 has items of 10 and 30 ns, head 1 of 40 ns and one that never ran.
  const std::vector<ItemStamp> stamps{{100, 110, 0}, {110, 140, 0}, {100, 140, 1}, {}};
  const auto times = headNs(stamps, 2);
  EXPECT_DOUBLE_EQ(times[0], 20);
  EXPECT_DOUBLE_EQ(times[1], 20);
}

TEST(ItemTimes, BalanceCountsOverlappingItemsOfAProcessorOnce) {
  const std::vector<ItemStamp> stamps{{0, 60, 0}, {20, 80, 0}, {0, 40, 1}, {40, 100, 2}};
  const LoadBalance balance = loadBalance(stamps);
  EXPECT_EQ(balance.processors, 3);
  EXPECT_DOUBLE_EQ(balance.spanNs, 100);
  EXPECT_DOUBLE_EQ(balance.busyShare, (80 + 40 + 60) / 300.0);
  EXPECT_DOUBLE_EQ(balance.tailNs, 60);
  EXPECT_EQ(loadBalance({}).processors, 0);
}

TEST(ItemTimes, KernelsStampEveryItem) {
  for (const CudaVariant variant : {CudaVariant::Mma, CudaVariant::Wgmma}) {
    AttentionCase problem({.heads = 2, .kvHeads = 2, .queries = 200, .keys = 130, .dtype = DType::BF16}, 1);
    const AttentionArgs args = problem.args();
    std::vector<uint8_t> scratch(cudaScratchBytes(args));
    std::vector<ItemStamp> stamps(2 * 4);
    attentionCuda(args, {.variant = variant, .scratch = scratch.data(), .stamps = stamps.data()});
    for (const ItemStamp& stamp : stamps) EXPECT_LT(stamp.startNs, stamp.endNs);
    EXPECT_GT(headNs(stamps, 2)[1], 0);
  }
}

}  // namespace
}  // namespace ditscope::kernels::test
