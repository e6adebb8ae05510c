// SPDX-License-Identifier: Apache-2.0
#include "analyzer/pooling.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

namespace ditscope::analyzer {
namespace {

using testing::ElementsAre;

TEST(PoolSpan, CoversEveryBlockOnceInNearlyEqualParts) {
  for (const auto& [cells, blocks] : {std::pair{1, 1}, {3, 10}, {7, 7}, {512, 1720}, {1000, 1'000'001}}) {
    int32_t next = 0;
    for (int32_t cell = 0; cell < cells; ++cell) {
      const PoolSpan span = poolSpan(cell, cells, blocks);
      ASSERT_EQ(span.begin, next);
      ASSERT_GE(span.end - span.begin, blocks / cells);
      ASSERT_LE(span.end - span.begin, blocks / cells + 1);
      next = span.end;
    }
    EXPECT_EQ(next, blocks);
  }
}

TEST(PoolMask, NeverHidesAKeptBlock) {
  std::mt19937 random(5);
  for (int round = 0; round < 30; ++round) {
    db::BlockMask mask(1 + int32_t(random() % 90), 1 + int32_t(random() % 90));
    const auto row = int32_t(random() % unsigned(mask.rows()));
    const auto col = int32_t(random() % unsigned(mask.cols()));
    mask.set(row, col, round % 2 == 0 ? db::BlockState::Full : db::BlockState::Partial);
    const Pooled<db::BlockState> pooled =
        poolMask(mask, 1 + int32_t(random() % 40), 1 + int32_t(random() % 40));
    int kept = 0;
    for (int32_t r = 0; r < pooled.rows; ++r)
      for (int32_t c = 0; c < pooled.cols; ++c) {
        const PoolSpan rows = poolSpan(r, pooled.rows, mask.rows());
        const PoolSpan cols = poolSpan(c, pooled.cols, mask.cols());
        const bool inside = rows.begin <= row && row < rows.end && cols.begin <= col && col < cols.end;
        EXPECT_EQ(pooled.at(r, c), inside ? mask.at(row, col) : db::BlockState::Skipped);
        kept += inside;
      }
    EXPECT_EQ(kept, 1);
  }
}

TEST(PoolMask, LeavesASmallMaskAsItIs) {
  db::BlockMask mask(2, 3);
  mask.set(0, 1, db::BlockState::Partial);
  mask.set(1, 2, db::BlockState::Full);
  const Pooled<db::BlockState> pooled = poolMask(mask, 100, 3);
  EXPECT_EQ(pooled.rows, 2);
  EXPECT_EQ(pooled.cols, 3);
  for (int32_t r = 0; r < 2; ++r)
    for (int32_t c = 0; c < 3; ++c) EXPECT_EQ(pooled.at(r, c), mask.at(r, c));
}

TEST(PoolClasses, ShowsAMissBeforeAllElse) {
  const MaskLegend legend{
      .rows = 1,
      .cols = 6,
      .classes = {BlockClass::DroppedLight, BlockClass::DroppedHeavy, BlockClass::KeptHeavy,
                  BlockClass::KeptLight, BlockClass::DroppedLight, BlockClass::KeptLight}};
  EXPECT_THAT(poolClasses(legend, 1, 3).cells,
              ElementsAre(BlockClass::DroppedHeavy, BlockClass::KeptHeavy, BlockClass::KeptLight));
  EXPECT_THAT(poolClasses(legend, 1, 1).cells, ElementsAre(BlockClass::DroppedHeavy));
}

TEST(PoolMass, AveragesAndKeepsTheTotal) {
  db::BlockMass mass{4, 4, {}};
  for (int i = 0; i < 16; ++i) mass.mass.push_back(float(i));
  EXPECT_THAT(poolMass(mass, 2, 2).cells, ElementsAre(2.5F, 4.5F, 10.5F, 12.5F));
  EXPECT_THAT(poolMass(mass, 1, 1).cells, ElementsAre(7.5F));
}

TEST(PoolMass, LeavesOutWhatIsNotANumber) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const Pooled<float> pooled = poolMass({1, 4, {nan, 3, nan, nan}}, 1, 2);
  EXPECT_EQ(pooled.at(0, 0), 3);
  EXPECT_TRUE(std::isnan(pooled.at(0, 1)));
}

TEST(Pooling, OfARectangleIsClippedToTheMap) {
  db::BlockMass mass{4, 4, {}};
  for (int i = 0; i < 16; ++i) mass.mass.push_back(float(i));
  const Pooled<float> pooled = poolMass(mass, 8, 8, {.row0 = 2, .row1 = 3, .col0 = -5, .col1 = 2});
  EXPECT_EQ(pooled.source.col0, 0);
  EXPECT_THAT(pooled.cells, ElementsAre(8, 9));
  EXPECT_TRUE(poolMass(mass, 8, 8, {.row0 = 3, .row1 = 1, .col0 = 9, .col1 = 12}).cells.empty());
}

TEST(Pooling, NeedsAtLeastOneCellAndAcceptsAnEmptyMap) {
  EXPECT_THROW((void)poolMask(db::BlockMask(2, 2), 0, 1), std::invalid_argument);
  EXPECT_TRUE(poolMask(db::BlockMask(), 4, 4).cells.empty());
}

}  // namespace
}  // namespace ditscope::analyzer
