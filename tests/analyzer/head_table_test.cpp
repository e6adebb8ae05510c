// SPDX-License-Identifier: Apache-2.0
#include "analyzer/head_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "analyzer/report_heads.h"

namespace ditscope::analyzer {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::NanSensitiveDoubleEq;
using testing::Not;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct Cell {
  int32_t step, layer, head;
  float recall;
  int64_t timeNs;
  db::Branch branch = db::Branch::Cond;
  db::TimeMethod timeMethod = db::TimeMethod::Measured;
};

HeadTable tableOf(const std::vector<Cell>& cells) {
  std::vector<db::HeadRow> rows;
  for (const Cell& cell : cells) {
    db::HeadRow& row = rows.emplace_back();
    row.step = cell.step;
    row.layer = cell.layer;
    row.head = cell.head;
    row.branch = cell.branch;
    row.stats.recallMean = cell.recall;
    row.stats.timeNs = cell.timeNs;
    row.stats.timeMethod = cell.timeMethod;
  }
  return makeHeadTable(rows);
}

TEST(Summary, LeavesOutAndCountsWhatIsNotMeasured) {
  Summary summary;
  EXPECT_TRUE(std::isnan(summary.mean()));
  for (const double value : {2.0, kNaN, -4.0, kInfinity, -kInfinity, kNaN, 8.0}) summary.add(value);
  EXPECT_EQ(summary.count, 3);
  EXPECT_EQ(summary.notMeasured, 2);
  EXPECT_EQ(summary.infinite, 2);
  EXPECT_DOUBLE_EQ(summary.mean(), 2);
  EXPECT_DOUBLE_EQ(summary.min, -4);
  EXPECT_DOUBLE_EQ(summary.max, 8);
}

TEST(Quantities, AreFoundByTheirKeyAndNothingElse) {
  for (const QuantityInfo& q : quantities()) {
    EXPECT_EQ(quantityByKey(q.key), q.quantity);
    EXPECT_FALSE(q.label.empty());
    EXPECT_FALSE(q.help.empty());
  }
  EXPECT_EQ(quantityByKey("Recall"), std::nullopt);
  EXPECT_EQ(quantityByKey(""), std::nullopt);
}

TEST(Quantities, AreAllUnmeasuredInAnEmptyCell) {
  for (const QuantityInfo& q : quantities())
    EXPECT_TRUE(std::isnan(valueOf(db::HeadRow{}, q.quantity))) << q.key;
}

TEST(Quantities, AreFormattedWithTheirUnit) {
  EXPECT_EQ(formatQuantity(Quantity::Recall, 0.98765), "98.77 %");
  EXPECT_EQ(formatQuantity(Quantity::LseDrift, 0.034), "0.0340 nats");
  EXPECT_EQ(formatQuantity(Quantity::LseDriftSigned, 0.034), "+0.0340 nats");
  EXPECT_EQ(formatQuantity(Quantity::LseEmptyRows, 1234), "1,234 rows");
  EXPECT_EQ(formatQuantity(Quantity::Time, 1'240'000), "1.24 ms");
  EXPECT_EQ(formatQuantity(Quantity::LseDrift, kNaN), "-");
  EXPECT_EQ(formatCell(Quantity::LseDrift, 0.034), "0.0340");
  EXPECT_EQ(columnTitle(Quantity::LseDrift), "LSE drift [nats]");
}

TEST(GroupCells, AveragesFractionsAndAddsTimes) {
  const HeadTable table = tableOf(
      {{0, 0, 0, 0.5F, 10}, {0, 0, 1, 1.0F, 20}, {0, 1, 0, db::kNotMeasured, 40}, {1, 0, 0, 0.75F, 80}});
  const std::vector<Group> layers = groupCells(table, Axis::Layer);
  ASSERT_EQ(layers.size(), 2U);
  EXPECT_EQ(layers[0].key, (CellKey{.layer = 0}));
  EXPECT_EQ(layers[0].cells, 3);
  EXPECT_DOUBLE_EQ(layers[0].value(Quantity::Recall), 0.75);
  EXPECT_DOUBLE_EQ(layers[0].value(Quantity::MissedMass), 0.25);
  EXPECT_DOUBLE_EQ(layers[0].value(Quantity::Time), 110);
  EXPECT_TRUE(std::isnan(layers[1].value(Quantity::Recall)));
  EXPECT_EQ(layers[1][Quantity::Recall].notMeasured, 1);

  const std::vector<Group> heads = groupCells(table, Axis::LayerHead);
  ASSERT_EQ(heads.size(), 3U);
  EXPECT_EQ(heads[1].key, (CellKey{.layer = 0, .head = 1}));
  EXPECT_EQ(groupCells(table, Axis::Head).size(), 2U);

  db::HeadFilter filter;
  filter.step = 1;
  EXPECT_EQ(groupCells(table, Axis::LayerHead, filter).size(), 1U);
  EXPECT_TRUE(groupCells(HeadTable{}, Axis::Step).empty());
}

TEST(GroupCells, DoesNotMixWaysOfTiming) {
  const auto both = {Cell{0, 0, 0, 1, 5}, Cell{0, 0, 1, 1, 5, db::Branch::Cond, db::TimeMethod::Attributed}};
  const HeadTable table = tableOf(both);
  EXPECT_EQ(groupCells(table, Axis::Layer)[0].timeMethod, std::nullopt);
  EXPECT_EQ(groupCells(table, Axis::LayerHead)[1].timeMethod, db::TimeMethod::Attributed);
}

TEST(GroupCells, CountsWhatMethodsDecided) {
  std::vector<db::HeadRow> rows(6);
  rows[0].decision = {.method = "window", .choice = "dense"};
  rows[1].decision = {.method = "window", .choice = "window", .budget = 0.25F};
  rows[2].decision = {.method = "window", .choice = "window", .budget = 0.75F, .sourceStep = 2};
  rows[3].decision = {.method = "sparge", .choice = "", .threshold = 0.5F, .sourceStep = 2};
  rows[4].decision = {.method = "blasst", .choice = "window", .threshold = -8};
  for (size_t i = 0; i < rows.size(); ++i) rows[i].head = i < 3 ? 0 : i < 5 ? 1 : 2;
  const std::vector<Group> heads = groupCells(makeHeadTable(rows), Axis::LayerHead);
  EXPECT_EQ(heads[0].decisions.method(), "window");
  EXPECT_EQ(choicesText(heads[0].decisions.choices()), "window 2, dense 1");
  EXPECT_DOUBLE_EQ(heads[0].value(Quantity::Budget), 0.5);
  EXPECT_EQ(heads[0].decisions.threshold().count, 0);
  EXPECT_EQ(heads[0].decisions.sourceStep.count, 1);
  EXPECT_EQ(heads[1].decisions.method(), kMixed);
  EXPECT_EQ(choicesText(heads[1].decisions.choices()), "unnamed 1, window 1");
  EXPECT_EQ(heads[1].decisions.threshold().count, 0);  // of two methods: their units differ
  EXPECT_TRUE(heads[2].decisions.empty());
  EXPECT_EQ(heads[2].decisions.method(), "");
  EXPECT_EQ(groupCells(makeHeadTable({&rows[3], 1}), Axis::Head)[0].decisions.threshold().max, 0.5);
}

TEST(SortWorstFirst, PutsLowRecallAndLongTimesFirstAndTheUnmeasuredLast) {
  std::vector<Group> groups = groupCells(
      tableOf({{0, 0, 0, 0.9F, 1}, {0, 1, 0, db::kNotMeasured, 3}, {0, 2, 0, 0.5F, 2}, {0, 3, 0, 0.9F, 1}}),
      Axis::Layer);
  const auto order = [&] {
    std::vector<int32_t> layers;
    layers.reserve(groups.size());
    for (const Group& group : groups) layers.push_back(group.key.layer);
    return layers;
  };
  sortWorstFirst(groups, Quantity::Recall);
  EXPECT_THAT(order(), ElementsAre(2, 0, 3, 1));
  sortWorstFirst(groups, Quantity::Time);
  EXPECT_THAT(order(), ElementsAre(1, 2, 0, 3));
}

TEST(MakeGrid, PlacesCellsByTheirKeysAndReducesBranches) {
  const HeadTable table = tableOf(
      {{0, 0, 0, 0.5F, 1}, {0, 0, 0, 1.0F, 2, db::Branch::Uncond}, {0, 3, 1, 0.25F, 4}, {7, 0, 0, 0.0F, 8}});
  db::HeadFilter filter;
  filter.step = 0;
  const Grid grid = makeGrid(table, Quantity::Recall, Axis::Layer, Axis::Head, filter);
  EXPECT_THAT(grid.rowKeys, ElementsAre(CellKey{.layer = 0}, CellKey{.layer = 3}));
  EXPECT_THAT(grid.colKeys, ElementsAre(CellKey{.head = 0}, CellKey{.head = 1}));
  EXPECT_THAT(grid.values, ElementsAre(0.75, NanSensitiveDoubleEq(kNaN), NanSensitiveDoubleEq(kNaN), 0.25));
  EXPECT_EQ(makeGrid(table, Quantity::Time, Axis::Layer, Axis::Head, filter).at(0, 0), 3);
  EXPECT_THAT(makeGrid(table, Quantity::Recall, Axis::LayerHead, Axis::Step).row(0), ElementsAre(0.75, 0.0));
}

TEST(HeadsText, DrawsStripsOfWhatVaries) {
  const TextStyle unicode{.colour = false, .unicode = true};
  const HeadTable varying =
      tableOf({{0, 0, 0, 0.5F, 1}, {1, 0, 0, 0.75F, 1}, {2, 0, 0, db::kNotMeasured, 1}});
  EXPECT_THAT(headsText(varying, {}, unicode), HasSubstr("▁█·"));
  EXPECT_THAT(headsText(varying, {}, {}), Not(HasSubstr("strip")));
  const HeadTable constant = tableOf({{0, 0, 0, 1, 1}, {1, 0, 0, 1, 1}});
  EXPECT_THAT(headsText(constant, {}, unicode), Not(HasSubstr("strip")));
}

TEST(HeadsText, OfNothingSaysWhatIsMissing) {
  EXPECT_THAT(headsText(HeadTable{}, {}, {}), HasSubstr("not measured: density, recall"));
}

TEST(ColourRange, IsFixedForSharesSymmetricForChangesAndNeverEmpty) {
  const std::vector<double> values{-0.5, kNaN, 2, kInfinity};
  EXPECT_EQ(colourRange(Quantity::Recall, values).hi, 1);
  EXPECT_EQ(colourRange(Quantity::LseDrift, values).lo, 0);
  EXPECT_EQ(colourRange(Quantity::LseDrift, values).hi, 2);
  EXPECT_EQ(colourRange(Quantity::LseDriftSigned, values).lo, -2);
  EXPECT_EQ(colourRange(Quantity::LseMean, values).lo, -0.5);
  for (const QuantityInfo& q : quantities())
    for (const std::vector<double>& few : {std::vector<double>{}, {0.0}, {kNaN}, {3.0, 3.0}})
      EXPECT_LT(colourRange(q.quantity, few).lo, colourRange(q.quantity, few).hi) << q.key;
}

}  // namespace
}  // namespace ditscope::analyzer
