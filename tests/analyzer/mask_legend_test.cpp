// SPDX-License-Identifier: Apache-2.0
#include "analyzer/mask_legend.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <random>

namespace ditscope::analyzer {
namespace {

using testing::Each;
using testing::ElementsAre;

constexpr HeavyRule kTop95{HeavyRule::Kind::TopMass, 0.95};

constexpr auto kSkip = db::BlockState::Skipped;
constexpr auto kPart = db::BlockState::Partial;
constexpr auto kFull = db::BlockState::Full;

db::BlockMask maskOf(int32_t rows, int32_t cols, const std::vector<db::BlockState>& states) {
  db::BlockMask mask(rows, cols);
  auto state = states.begin();
  for (int32_t r = 0; r < rows; ++r)
    for (int32_t c = 0; c < cols; ++c) mask.set(r, c, *state++);
  return mask;
}

TEST(HeavyBlocks, AreTheSmallestSetThatHoldsTheShare) {
  EXPECT_THAT(heavyBlocks(std::vector<float>{0.125F, 0.5F, 0.25F, 0.125F}, {HeavyRule::Kind::TopMass, 0.75}),
              ElementsAre(0, 1, 1, 0));
  EXPECT_THAT(heavyBlocks(std::vector<float>{0.125F, 0.5F, 0.25F, 0.125F}, {HeavyRule::Kind::TopMass, 0.76}),
              ElementsAre(1, 1, 1, 0));
  EXPECT_THAT(heavyBlocks(std::vector<float>{0.125F, 0.5F, 0.25F, 0.125F}, {HeavyRule::Kind::TopMass, 1.0}),
              Each(1));
  EXPECT_THAT(heavyBlocks(std::vector<float>{0, 0, 1, 0}, {HeavyRule::Kind::TopMass, 1.0}),
              ElementsAre(0, 0, 1, 0));
}

TEST(HeavyBlocks, AreThoseAboveAShareOfTheRow) {
  // The row sums to 2: shares 0.25, 0.5, 0.25, 0.
  EXPECT_THAT(heavyBlocks(std::vector<float>{0.5F, 1, 0.5F, 0}, {HeavyRule::Kind::RowShare, 0.25}),
              ElementsAre(1, 1, 1, 0));
  EXPECT_THAT(heavyBlocks(std::vector<float>{0.5F, 1, 0.5F, 0}, {HeavyRule::Kind::RowShare, 0.3}),
              ElementsAre(0, 1, 0, 0));
  EXPECT_THAT(heavyBlocks(std::vector<float>{0.5F, 1, 0.5F, 0}, {HeavyRule::Kind::RowShare, 0}),
              ElementsAre(1, 1, 1, 0));
}

TEST(HeavyBlocks, DoNotTrustNaNNegativeOrEmptyRows) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  for (const auto kind : {HeavyRule::Kind::TopMass, HeavyRule::Kind::RowShare}) {
    EXPECT_THAT(heavyBlocks(std::vector<float>{nan, -1, infinity, 0.5F}, {kind, 0.5}),
                ElementsAre(0, 0, 0, 1));
    EXPECT_THAT(heavyBlocks(std::vector<float>{0, 0}, {kind, 0.5}), Each(0));
    EXPECT_TRUE(heavyBlocks({}, {kind, 0.5}).empty());
  }
}

TEST(ClassifyBlocks, TellsTheFourKindsApart) {
  const db::BlockMask mask = maskOf(2, 3, {kFull, kPart, kSkip, kSkip, kSkip, kFull});
  const db::BlockMass mass{2, 3, {0.75F, 0.03125F, 0.21875F, 1, 0, 0}};
  const MaskLegend legend = classifyBlocks(mask, mass, kTop95);
  EXPECT_THAT(legend.classes,
              ElementsAre(BlockClass::KeptHeavy, BlockClass::KeptLight, BlockClass::DroppedHeavy,
                          BlockClass::DroppedHeavy, BlockClass::DroppedLight, BlockClass::KeptLight));
  EXPECT_THAT(legend.blocks, ElementsAre(1, 2, 1, 2));
  EXPECT_DOUBLE_EQ(legend.mass[size_t(BlockClass::DroppedHeavy)], (0.21875 + 1) / 2);
  EXPECT_DOUBLE_EQ(std::accumulate(legend.mass.begin(), legend.mass.end(), 0.0), 1);
}

TEST(ClassifyBlocks, AgreesWithRowRecallOnRandomMaps) {
  std::mt19937 random(11);
  std::uniform_real_distribution<float> share(0, 1);
  for (int round = 0; round < 50; ++round) {
    const int32_t rows = 1 + round % 7;
    const int32_t cols = 1 + round % 13;
    db::BlockMask mask(rows, cols);
    db::BlockMass mass{rows, cols, {}};
    for (int32_t r = 0; r < rows; ++r) {
      std::vector<float> row;
      for (int32_t c = 0; c < cols; ++c) {
        row.push_back(share(random));
        if (share(random) < 0.3F) mask.set(r, c, db::BlockState::Full);
      }
      const float sum = std::accumulate(row.begin(), row.end(), 0.0F);
      for (const float value : row) mass.mass.push_back(value / sum);
    }
    const MaskLegend legend = classifyBlocks(mask, mass, kTop95);
    const std::vector<double> recall = rowRecall(mask, mass);
    const double kept =
        legend.mass[size_t(BlockClass::KeptHeavy)] + legend.mass[size_t(BlockClass::KeptLight)];
    EXPECT_NEAR(kept, std::accumulate(recall.begin(), recall.end(), 0.0) / rows, 1e-6);
    const double heavy =
        legend.mass[size_t(BlockClass::KeptHeavy)] + legend.mass[size_t(BlockClass::DroppedHeavy)];
    EXPECT_GE(heavy, 0.95 - 1e-6);
    EXPECT_EQ(legend.blocks[size_t(BlockClass::KeptHeavy)] + legend.blocks[size_t(BlockClass::KeptLight)],
              mask.keptCount());
  }
}

TEST(RowRecall, IsTheKeptShareAndNotMeasuredWithoutMass) {
  const std::vector<double> recall = rowRecall(maskOf(3, 2, {kFull, kSkip, kSkip, kSkip, kPart, kFull}),
                                               {3, 2, {0.25F, 0.75F, 0, 0, 0.5F, 0.5F}});
  EXPECT_DOUBLE_EQ(recall[0], 0.25);
  EXPECT_TRUE(std::isnan(recall[1]));
  EXPECT_DOUBLE_EQ(recall[2], 1);
}

TEST(MaskAndMass, MustHaveOneShape) {
  EXPECT_THROW((void)classifyBlocks(maskOf(1, 2, {kPart, kPart}), {2, 1, {1, 1}}, kTop95),
               std::invalid_argument);
  EXPECT_THROW((void)rowRecall(maskOf(1, 2, {kPart, kPart}), {1, 2, {1}}), std::invalid_argument);
  EXPECT_TRUE(classifyBlocks({}, {}, kTop95).classes.empty());
}

}  // namespace
}  // namespace ditscope::analyzer
