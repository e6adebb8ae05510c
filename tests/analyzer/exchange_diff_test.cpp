// SPDX-License-Identifier: Apache-2.0
// Ranges of cells that are equal, and what differs between two configurations.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "analyzer/exchange/cell_groups.h"
#include "analyzer/exchange/config_diff.h"
#include "tests/analyzer/exchange_support.h"

namespace ditscope::tests {
namespace {

using testing::HasSubstr;

TEST(ExchangeCellGroups, CoverEveryCellOnceWithItsNumber) {
  std::mt19937 random(7);
  for (int round = 0; round < 50; ++round) {
    const analyzer::CellExtent extent{1 + int32_t(random() % 5), 1 + int32_t(random() % 4),
                                      1 + int32_t(random() % 6)};
    std::vector<uint32_t> ids(extent.cells());
    for (uint32_t& id : ids) id = uint32_t(random()) % uint32_t(round % 3 + 2);
    std::vector<int> covered(ids.size(), 0);
    for (const analyzer::CellGroup& group : analyzer::groupCells(extent, ids))
      for (const db::Branch branch : {db::Branch::Cond, db::Branch::Uncond})
        for (int32_t step = 0; step < extent.steps; ++step)
          for (int32_t layer = 0; layer < extent.layers; ++layer)
            for (int32_t head = 0; head < extent.heads; ++head) {
              const db::Cell cell{step, layer, head, branch};
              if (!group.cells.contains(cell)) continue;
              ++covered[extent.place(cell)];
              EXPECT_EQ(group.id, ids[extent.place(cell)]);
            }
    for (size_t i = 0; i < ids.size(); ++i) EXPECT_EQ(covered[i], ids[i] == 0 ? 0 : 1);
  }
}

TEST(ExchangeCellGroups, OneRectangleIsOneGroup) {
  const analyzer::CellExtent extent{6, 4, 5};
  std::vector<uint32_t> ids(extent.cells(), 0);
  for (const db::Branch branch : {db::Branch::Cond, db::Branch::Uncond})
    for (int32_t step = 2; step <= 4; ++step)
      for (const int32_t layer : {0, 1, 3})
        for (const int32_t head : {0, 4}) ids[extent.place({step, layer, head, branch})] = 9;
  const auto groups = analyzer::groupCells(extent, ids);
  ASSERT_EQ(groups.size(), 1U);
  EXPECT_EQ(groups[0].id, 9U);
  EXPECT_EQ(groups[0].cells,
            (db::CellSelector{
                .steps = db::IndexRange{2, 4}, .layers = {{0, 1}, {3, 3}}, .heads = {{0, 0}, {4, 4}}}));
}

db::MethodChoice topk(double density) {
  return {.method = "topk", .parameters = {{"density", density}}};
}

TEST(ExchangeDiff, EqualSettingsHaveNoDifferenceHoweverTheyAreWritten) {
  db::SparsityConfig a = smallModel(), b = smallModel();
  a.defaults = topk(0.2);
  b.overrides = {{{}, topk(0.2)}};
  const analyzer::ConfigDiff diff = analyzer::diffConfigs(a, b);
  EXPECT_TRUE(diff.same());
  EXPECT_EQ(analyzer::diffText(diff), "no difference\n");
}

TEST(ExchangeDiff, ChangesAreGrouped) {
  db::SparsityConfig a = smallModel(), b = smallModel();
  a.defaults = b.defaults = topk(0.2);
  b.overrides = {{{.steps = db::IndexRange{4, 7}, .layers = {{0, 1}}, .heads = {{1, 1}, {3, 3}}}, topk(0.1)},
                 {{.layers = {{2, 2}}, .branch = db::Branch::Uncond}, {}}};
  b.schedule = {{{.steps = db::IndexRange{0, 0}}, db::StepKind::Dense}};
  b.guidance = 5;
  const analyzer::ConfigDiff diff = analyzer::diffConfigs(a, b);
  const std::string text = analyzer::diffText(diff);
  EXPECT_THAT(text, HasSubstr("guidance: 3 -> 5\n"));
  EXPECT_THAT(text,
              HasSubstr("layers 0-1 heads 1,3 steps 4-7: topk density=0.2 -> density=0.1  (32 cells)\n"));
  EXPECT_THAT(text, HasSubstr("layers 2 steps 1-7 uncond: topk density=0.2 -> dense  (28 cells)\n"));
  EXPECT_THAT(text, HasSubstr("layers 0-1 steps 0 uncond: topk step=sparse -> step=dense  (8 cells)\n"));
  EXPECT_THAT(text, HasSubstr("84 of 192 cells run otherwise"));  // 32 + 28 + 24 of step 0
}

TEST(ExchangeDiff, ExpectationsCountApart) {
  db::SparsityConfig a = smallModel(), b = smallModel();
  b.defaults.expected.recall = 0.9;
  const analyzer::ConfigDiff diff = analyzer::diffConfigs(a, b);
  EXPECT_FALSE(diff.same());
  EXPECT_EQ(diff.changedCells, 0);
  EXPECT_EQ(diff.changedExpectations, 192);
}

}  // namespace
}  // namespace ditscope::tests
