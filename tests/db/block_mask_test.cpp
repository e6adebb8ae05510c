// SPDX-License-Identifier: Apache-2.0
#include "db/block_mask.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "tests/db/random_records.h"

namespace ditscope::db {
namespace {

TEST(BlockMask, StartsAsItsFill) {
  for (const BlockState fill : {BlockState::Skipped, BlockState::Partial, BlockState::Full}) {
    const BlockMask mask(5, 13, fill);  // 65 bits: one beyond a word
    EXPECT_EQ(mask.at(0, 0), fill);
    EXPECT_EQ(mask.at(4, 12), fill);
    EXPECT_EQ(mask.keptCount(), fill == BlockState::Skipped ? 0 : 65);
  }
}

TEST(BlockMask, RemembersEveryBlock) {
  tests::Random random(1);
  std::vector<BlockState> expected;
  BlockMask mask(17, 23);
  for (int round = 0; round < 3; ++round) {
    expected.clear();
    for (int32_t row = 0; row < 17; ++row) {
      for (int32_t col = 0; col < 23; ++col) {
        expected.push_back(BlockState(tests::pick(random, 0, 2)));
        mask.set(row, col, expected.back());
      }
    }
    for (int32_t i = 0; i < 17 * 23; ++i) ASSERT_EQ(mask.at(i / 23, i % 23), expected[size_t(i)]) << i;
  }
}

TEST(BlockMask, EqualStatesAreEqualMasks) {
  BlockMask a(4, 4);
  BlockMask b(4, 4);
  a.set(1, 1, BlockState::Partial);
  EXPECT_NE(a, b);
  a.set(1, 1, BlockState::Full);
  b.set(1, 1, BlockState::Full);
  EXPECT_EQ(a, b);
  EXPECT_TRUE(a.partialWords().empty());
  EXPECT_NE(a, BlockMask(2, 8));
}

TEST(BlockMask, DensityCountsPartialAndFull) {
  BlockMask mask(2, 4);
  mask.set(0, 0, BlockState::Full);
  mask.set(1, 3, BlockState::Partial);
  EXPECT_DOUBLE_EQ(mask.density(), 0.25);
  EXPECT_DOUBLE_EQ(BlockMask().density(), 0);
}

TEST(BlockMask, JaccardOfKeptSets) {
  BlockMask a(1, 4);
  BlockMask b(1, 4);
  EXPECT_DOUBLE_EQ(jaccard(a, b), 1);
  a.set(0, 0, BlockState::Full);
  a.set(0, 1, BlockState::Full);
  b.set(0, 1, BlockState::Partial);
  b.set(0, 2, BlockState::Full);
  EXPECT_DOUBLE_EQ(jaccard(a, b), 1.0 / 3);
  EXPECT_THROW((void)jaccard(a, BlockMask(4, 1)), std::invalid_argument);
}

TEST(BlockMask, WordsThatDoNotFitAreRefused) {
  EXPECT_THROW((void)BlockMask(-1, 4), std::invalid_argument);
  EXPECT_THROW((void)BlockMask::fromWords(1, 4, {}, {}), std::invalid_argument);
  EXPECT_THROW((void)BlockMask::fromWords(1, 4, {16}, {}), std::invalid_argument);
  EXPECT_THROW((void)BlockMask::fromWords(1, 4, {1}, {2}), std::invalid_argument);
  EXPECT_EQ(BlockMask::fromWords(1, 4, {5}, {0}), BlockMask::fromWords(1, 4, {5}, {}));
}

}  // namespace
}  // namespace ditscope::db
