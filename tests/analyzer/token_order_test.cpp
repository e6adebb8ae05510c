// SPDX-License-Identifier: Apache-2.0
#include "analyzer/token_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <random>
#include <stdexcept>

namespace ditscope::analyzer {
namespace {

using db::TokenOrder;

const TokenAxis kAxis{
    .grid = {.frames = 3, .rows = 2, .cols = 5}, .text = {.begin = 30, .end = 34}, .length = 34, .block = 4};

// Token by token: the values of a map, looked up at the recorded place of each pair.
db::BlockMass byTokens(const TokenAxis& axis, TokenOrder from, TokenOrder to, const db::BlockMass& map,
                       bool mass) {
  const auto recorded = [&](int64_t at) {
    if (at >= axis.grid.count() || from == to) return at;
    const int64_t frames = axis.grid.frames, pixels = axis.grid.count() / frames;
    const int64_t frame = to == TokenOrder::FrameMajor ? at / pixels : at % frames;
    const int64_t pixel = to == TokenOrder::FrameMajor ? at % pixels : at / frames;
    return from == TokenOrder::FrameMajor ? frame * pixels + pixel : pixel * frames + frame;
  };
  const auto size = [&](int64_t block) {
    return double(std::min<int64_t>(axis.block, axis.length - block * axis.block));
  };
  std::vector<double> sums(map.mass.size(), 0.0);
  for (int64_t q = 0; q < axis.length; ++q)
    for (int64_t k = 0; k < axis.length; ++k) {
      const int64_t row = recorded(q) / axis.block, col = recorded(k) / axis.block;
      const double value =
          double(map.at(int32_t(row), int32_t(col))) / (mass ? size(col) : size(k / axis.block));
      sums[size_t(q / axis.block * map.cols + k / axis.block)] += value / size(q / axis.block);
    }
  return {map.rows, map.cols, {sums.begin(), sums.end()}};
}

db::BlockMass randomMass(unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> uniform(0, 1);
  db::BlockMass mass{9, 9, std::vector<float>(81)};
  for (int row = 0; row < 9; ++row) {
    float sum = 0;
    for (int col = 0; col < 9; ++col) sum += mass.mass[size_t(row * 9 + col)] = uniform(random);
    for (int col = 0; col < 9; ++col) mass.mass[size_t(row * 9 + col)] /= sum;
  }
  return mass;
}

TEST(TokenOrder, MassAndMaskAreThoseOfTheTokensOneByOne) {
  for (const auto& [from, to] : {std::pair(TokenOrder::FrameMajor, TokenOrder::PixelMajor),
                                 std::pair(TokenOrder::PixelMajor, TokenOrder::FrameMajor)}) {
    const auto draw = drawBlocks(kAxis, from, to);
    ASSERT_TRUE(draw);
    const db::BlockMass mass = randomMass(5);
    const db::BlockMass shown = reorderMass(mass, *draw, *draw, kAxis);
    EXPECT_THAT(shown.mass,
                testing::Pointwise(testing::FloatNear(1e-6F), byTokens(kAxis, from, to, mass, true).mass));
    for (int row = 0; row < 9; ++row)
      EXPECT_NEAR(std::accumulate(shown.mass.begin() + row * 9, shown.mass.begin() + row * 9 + 9, 0.0), 1,
                  1e-5);
    db::BlockMask mask(9, 9);
    db::BlockMass ones{9, 9, std::vector<float>(81, 0.0F)};
    for (int i = 0; i < 81; i += 2) {
      mask.set(i / 9, i % 9, db::BlockState::Full);
      ones.mass[size_t(i)] = 1;
    }
    EXPECT_THAT(keptShare(mask, *draw, *draw).mass,
                testing::Pointwise(testing::FloatNear(1e-6F), byTokens(kAxis, from, to, ones, false).mass));
  }
}

TEST(TokenOrder, TheRecordedOrderChangesNothing) {
  const auto draw = drawBlocks(kAxis, TokenOrder::PixelMajor, TokenOrder::PixelMajor);
  ASSERT_TRUE(draw);
  const db::BlockMass mass = randomMass(7);
  EXPECT_THAT(reorderMass(mass, *draw, *draw, kAxis).mass,
              testing::Pointwise(testing::FloatNear(1e-6F), mass.mass));
}

TEST(TokenOrder, APixelThroughTimeIsOneBlockInPixelOrder) {
  const TokenAxis axis{.grid = {.frames = 4, .rows = 2, .cols = 2}, .text = {}, .length = 16, .block = 4};
  const auto draw = drawBlocks(axis, TokenOrder::FrameMajor, TokenOrder::PixelMajor);
  ASSERT_TRUE(draw);
  EXPECT_EQ(draw->blocks(), 4);
  EXPECT_THAT(draw->block, testing::ElementsAre(0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3));
  EXPECT_THAT(draw->tokens, testing::Each(1));
}

TEST(TokenOrder, TextBeforeTheVideoKeepsItsPlace) {
  const TokenAxis axis{
      .grid = {.frames = 2, .rows = 1, .cols = 2}, .text = {.begin = 0, .end = 2}, .length = 6, .block = 2};
  const auto draw = drawBlocks(axis, TokenOrder::FrameMajor, TokenOrder::PixelMajor);
  ASSERT_TRUE(draw);
  EXPECT_THAT(draw->block, testing::ElementsAre(0, 1, 2, 1, 2));
}

TEST(TokenOrder, WhatIsNotKnownIsNotShown) {
  EXPECT_FALSE(drawBlocks(kAxis, TokenOrder::Clustered, TokenOrder::FrameMajor));
  EXPECT_FALSE(drawBlocks(kAxis, TokenOrder::FrameMajor, TokenOrder::TileMajor));
  TokenAxis other = kAxis;
  other.length = 33;
  EXPECT_FALSE(drawBlocks(other, TokenOrder::FrameMajor, TokenOrder::PixelMajor));
  other = kAxis;
  other.block = 0;
  EXPECT_FALSE(drawBlocks(other, TokenOrder::FrameMajor, TokenOrder::PixelMajor));
  const auto draw = drawBlocks(kAxis, TokenOrder::FrameMajor, TokenOrder::PixelMajor);
  EXPECT_THROW((void)reorderMass({2, 2, std::vector<float>(4)}, *draw, *draw, kAxis), std::invalid_argument);
}

}  // namespace
}  // namespace ditscope::analyzer
