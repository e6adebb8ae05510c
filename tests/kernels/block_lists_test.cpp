// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <stdexcept>

#include "kernels/token_windows.h"
#include "tests/kernels/attention_case.h"

namespace ditscope::kernels::test {
namespace {

using ::testing::ElementsAre;

bool attends(const BlockListStorage& lists, int64_t query, int64_t key) {
  const int64_t g = query / lists.qBlock;
  for (int32_t e = lists.rowStart[size_t(g)]; e < lists.rowStart[size_t(g) + 1]; ++e) {
    if (int64_t(lists.entry[size_t(e)] & kKeyBlockMask) != key / lists.kBlock) continue;
    if (!(lists.entry[size_t(e)] & kPartialEntry)) return true;
    const int64_t bit = query % lists.qBlock * lists.kBlock + key % lists.kBlock;
    return lists.partialBits[size_t(lists.partialOffset[size_t(e)] + bit / 64)] >> (bit % 64) & 1;
  }
  return false;
}

TEST(BlockLists, AMaskBecomesAscendingRows) {
  const std::vector<uint8_t> kept = {1, 0, 1, 0, 0, 0, /**/ 0, 1, 0, 1, 1, 1};
  const BlockListStorage lists = listFromMask({2, 2, 3}, kept, 64, 64, {2});
  EXPECT_THAT(lists.rowStart, ElementsAre(0, 2, 2, 3, 6));
  EXPECT_THAT(lists.entry, ElementsAre(0, 2, 1, 0, 1, 2));
  EXPECT_EQ(lists.headStride, 2);
  EXPECT_EQ(lists.batchStride, 0);
}

TEST(BlockLists, WeightsPutTheHeaviestFirst) {
  const std::vector<uint8_t> kept = {1, 1, 0, 1};
  const std::vector<float> weight = {0.1f, 0.5f, 9.0f, 0.3f};
  EXPECT_THAT(listFromMask({1, 1, 4}, kept, 64, 64, {}, weight).entry, ElementsAre(1, 3, 0));
}

TEST(BlockLists, BitsAndBytesAgree) {
  std::mt19937 random(1);
  const BlockGrid grid{4, 5, 70};
  const std::vector<uint8_t> mask = randomMask(grid, 0.3, random);
  std::vector<uint32_t> bits(4 * 5 * 3);
  for (size_t i = 0; i < mask.size(); ++i)
    bits[i / 70 * 3 + i % 70 / 32] |= uint32_t(mask[i]) << (i % 70 % 32);
  const BlockListStorage fromBits = listFromBits(grid, bits, 32, 32, {2});
  const BlockListStorage fromMask = listFromMask(grid, mask, 32, 32, {2});
  EXPECT_EQ(fromBits.entry, fromMask.entry);
  EXPECT_EQ(fromBits.rowStart, fromMask.rowStart);
  EXPECT_EQ(fromBits.batchStride, 10);
}

TEST(BlockLists, JoinedListsStandOneAHead) {
  const BlockListStorage window = listFromWindow(SlidingWindow{100, 9, 0}, 32, 32);
  const BlockListStorage all = listFromMask({1, 4, 4}, std::vector<uint8_t>(16, 1), 32, 32);
  const BlockListStorage sink = listFromWindow(SlidingWindow{100, 3, 5}, 32, 32);
  const std::vector<const BlockListStorage*> lists = {&window, &all, &sink};
  const BlockListStorage joined = joinHeads(lists);
  EXPECT_EQ(joined.headStride, 4);
  EXPECT_EQ(joined.batchStride, 0);
  ASSERT_EQ(joined.rowStart.size(), 13u);
  for (size_t head = 0; head < lists.size(); ++head) {
    BlockListStorage one = joined;  // the part of one head
    one.rowStart.assign(joined.rowStart.begin() + std::ptrdiff_t(4 * head),
                        joined.rowStart.begin() + std::ptrdiff_t(4 * head + 5));
    for (int64_t i = 0; i < 100; ++i)
      for (int64_t j = 0; j < 100; ++j) EXPECT_EQ(attends(one, i, j), attends(*lists[head], i, j));
  }
  EXPECT_TRUE(joinHeads(std::vector<const BlockListStorage*>{&all, &all}).partialOffset.empty());
}

TEST(BlockLists, HeadsOfSeveralListsAreJoined) {
  std::mt19937 random(2);
  const BlockGrid grid{3, 4, 4};
  const BlockListStorage three = listFromMask(grid, randomMask(grid, 0.5, random), 32, 32, {3});
  const BlockListStorage window = listFromWindow(SlidingWindow{100, 9, 0}, 32, 32);
  const BlockListStorage sink = listFromWindow(SlidingWindow{100, 3, 5}, 32, 32);
  const BlockListStorage both = joinHeads(std::vector<const BlockListStorage*>{&window, &sink});
  const HeadList heads[] = {{&three, 2}, {&both, 1}, {&sink, 0}, {&three, 0}};
  const BlockListStorage joined = joinHeads(heads);
  ASSERT_EQ(joined.rowStart.size(), 17u);
  EXPECT_EQ(joined.headStride, 4);
  const auto rowsOf = [](BlockListStorage list, int64_t head) {
    const auto first = list.rowStart.begin() + head * 4;
    list.rowStart.assign(first, first + 5);
    return list;
  };
  for (int64_t head = 0; head < 4; ++head) {
    const BlockListStorage own = rowsOf(joined, head);
    const BlockListStorage of = rowsOf(*heads[head].of, heads[head].head);
    for (int64_t i = 0; i < 100; ++i)
      for (int64_t j = 0; j < 100; ++j) ASSERT_EQ(attends(own, i, j), attends(of, i, j)) << head;
  }
  const HeadList beyond[] = {{&three, 3}};
  EXPECT_THROW((void)joinHeads(beyond), std::invalid_argument);
}

TEST(BlockLists, UnlikeListsCannotBeJoined) {
  const BlockListStorage some = listFromWindow(SlidingWindow{100, 9, 0}, 32, 32);
  const BlockListStorage wide = listFromWindow(SlidingWindow{100, 9, 0}, 64, 32);
  const BlockListStorage longer = listFromWindow(SlidingWindow{200, 9, 0}, 32, 32);
  EXPECT_THROW((void)joinHeads(std::span<const HeadList>{}), std::invalid_argument);
  EXPECT_THROW((void)joinHeads(std::vector<const BlockListStorage*>{&some, &wide}), std::invalid_argument);
  EXPECT_THROW((void)joinHeads(std::vector<const BlockListStorage*>{&some, &longer}), std::invalid_argument);
}

TEST(BlockLists, WrongSizesAreRefused) {
  EXPECT_THROW((void)listFromMask({1, 2, 3}, std::vector<uint8_t>(5), 64, 64), std::invalid_argument);
  EXPECT_THROW((void)listFromMask({3, 1, 1}, std::vector<uint8_t>(3), 64, 64, {2}), std::invalid_argument);
}

TEST(TokenWindows, SlidingWindowIsExactOnTokens) {
  for (const int32_t block : {32, 64, 128}) {
    const BlockListStorage lists =
        listFromWindow(SlidingWindow{.tokens = 300, .radius = 40, .sinkKeys = 7}, block, block);
    for (int64_t i = 0; i < 300; ++i)
      for (int64_t j = 0; j < 300; ++j)
        ASSERT_EQ(attends(lists, i, j), std::abs(i - j) <= 40 || j < 7) << i << " " << j << " " << block;
  }
}

TEST(TokenWindows, BlocksInsideAWindowAreFull) {
  const BlockListStorage lists = listFromWindow(SlidingWindow{.tokens = 256, .radius = 255}, 64, 64);
  EXPECT_EQ(lists.entry.size(), 16u);
  EXPECT_TRUE(lists.partialBits.empty());
}

TEST(TokenWindows, GridWindowIsExactOnTokensAndTextSeesAll) {
  const GridWindow window{.frames = 3,
                          .height = 7,
                          .width = 9,
                          .frameRadius = 1,
                          .heightRadius = 2,
                          .widthRadius = 1,
                          .textTokens = 5};
  const BlockListStorage lists = listFromWindow(window, 32, 64);
  const int64_t video = 3 * 7 * 9;
  for (int64_t i = 0; i < video + 5; ++i) {
    for (int64_t j = 0; j < video + 5; ++j) {
      const bool near = std::abs(i / 63 - j / 63) <= 1 && std::abs(i / 9 % 7 - j / 9 % 7) <= 2 &&
                        std::abs(i % 9 - j % 9) <= 1;
      ASSERT_EQ(attends(lists, i, j), i >= video || j >= video || near) << i << " " << j;
    }
  }
}

TEST(TokenWindows, RunInTheKernel) {
  AttentionCase problem({.queries = 300, .keys = 300, .dim = 32, .block = 64}, 3);
  const BlockListStorage lists = listFromWindow(SlidingWindow{.tokens = 300, .radius = 50}, 64, 64);
  const BlockList list = lists.view();
  AttentionArgs args = problem.args();
  args.list = &list;
  const Result expected = runReference(problem, args);
  const Result result = run({"cpu", [](const AttentionArgs& a) { attentionCpu(a); }}, problem, args);
  EXPECT_LE(relativeError(result.o, expected.o), 5e-6);
}

}  // namespace
}  // namespace ditscope::kernels::test
