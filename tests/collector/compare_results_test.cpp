// SPDX-License-Identifier: Apache-2.0
// What a comparison stores and shows: variants, results.json, the table, the picture.
#include "collector/compare/results.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "collector/compare/pareto_axis.h"
#include "collector/compare/pareto_picture.h"
#include "collector/compare/report.h"
#include "collector/compare/variant.h"
#include "collector/methods/registry.h"
#include "db/error.h"
#include "temporary_folder.h"

namespace ditscope::collector::compare {
namespace {

using testing::HasSubstr;
using testing::Not;

RunMetrics runOf(int64_t label, double error) {
  RunMetrics run;
  run.label = label;
  run.densityPv = 0.24;
  run.runFlops = 0.43;
  run.error = error;
  run.psnr = 20;
  return run;
}

Results example() {
  Results results{.setup = {{"model", "demo-video"}, {"steps", 20}}};
  Cell& cell = results.cell("topk:source=pooled", 0.25);
  cell.method = "topk:source=pooled,dense_steps=5,dense_layers=0,density=0.25";
  cell.add(runOf(1, 0.1));
  cell.add(runOf(2, 0.3));
  results.cell("blasst", 1.0 / 32).refused = "no";
  return results;
}

TEST(CompareVariant, LeavesTheKnobOpenAndSetsTheDenseSchedule) {
  const Variant plain = parseVariant("topk", 5);
  EXPECT_EQ(plain.methodText(0.25), "topk:dense_steps=5,dense_layers=0,density=0.25");
  EXPECT_NO_THROW((void)parseMethod(plain.methodText(1.0 / 32)));
  const Variant fixed = parseVariant("topk:source=pooled,dense_steps=2", 5);
  EXPECT_EQ(fixed.methodText(0.5), "topk:source=pooled,dense_steps=2,dense_layers=0,density=0.5");
  EXPECT_EQ(parseVariant("window", 0).methodText(3), "window:dense_steps=0,dense_layers=0,frames=3");
  for (const std::string& name : defaultVariants()) {
    const Variant variant = parseVariant(name, 3);
    EXPECT_NO_THROW((void)parseMethod(variant.methodText(variant.knob->sparsest))) << name;
    EXPECT_NO_THROW((void)parseMethod(variant.methodText(variant.knob->densest))) << name;
  }
}

TEST(CompareVariant, RunsAsGivenWhenTheKnobIsFixed) {
  const Variant fixed = parseVariant("topk:density=0.5", 2);
  EXPECT_FALSE(fixed.knob);
  EXPECT_EQ(fixed.methodText(0), "topk:density=0.5,dense_steps=2,dense_layers=0");
  EXPECT_EQ(parseVariant("dense", 2).methodText(0), "dense");
  EXPECT_EQ(densityText(kAsGiven), "as given");
}

TEST(CompareVariant, RefusesWhatIsNoMethod) {
  EXPECT_THROW((void)parseVariant("magic", 0), db::Error);
  EXPECT_THROW((void)parseVariant("topk:magic=1", 0), db::Error);
  EXPECT_THAT(defaultVariants(), Not(testing::Contains("dense")));
}

TEST(CompareVariant, DensitiesAreSharesOrNumbers) {
  EXPECT_DOUBLE_EQ(parseDensity("1/32"), 1.0 / 32);
  EXPECT_DOUBLE_EQ(parseDensity("0.125"), 0.125);
  for (const char* text : {"", "0", "2", "1/0", "1/", "a", "1/8x", "-1/8"}) {
    EXPECT_THROW((void)parseDensity(text), db::Error) << text;
  }
  EXPECT_EQ(densityText(1.0 / 32), "1/32");
  EXPECT_EQ(densityText(0.3), "0.3");
}

TEST(CompareResults, ComeBackFromTheirFile) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "results.json";
  const Results results = example();
  std::ofstream(file) << toJson(results);
  const Results read = readResults(file, results.setup);
  EXPECT_EQ(toJson(read), toJson(results));
  EXPECT_TRUE(read.cells.front().has({0, 2}));
  EXPECT_FALSE(read.cells.front().has({1, 2}));
  EXPECT_TRUE(std::isnan(read.cells.front().runs.front().ssim)) << "not known";
  EXPECT_THROW((void)readResults(file, {{"model", "demo-image"}}), db::Error);
  std::ofstream(file) << "{\"schema\": \"ditscope.compare_methods/1\"}";
  EXPECT_THROW((void)readResults(file, results.setup), db::Error);
}

TEST(CompareResults, ARunOfTheSameSampleIsReplaced) {
  Cell cell;
  cell.add(runOf(1, 0.1));
  cell.add(runOf(1, 0.2));
  ASSERT_EQ(cell.runs.size(), 1U);
  EXPECT_EQ(cell.runs.front().error, 0.2);
}

TEST(CompareReport, ShowsMeansSpreadsAndWhatDidNotRun) {
  Results results = example();
  results.cells.front().reach = Reach::CannotLower;
  const std::string table = toMarkdown(results);
  EXPECT_THAT(table, HasSubstr("| topk:source=pooled | 1/4 (cannot go lower) | density=0.25 | 2 |"));
  EXPECT_THAT(table, HasSubstr("0.200 ± 0.141"));  // of 0.1 and 0.3
  EXPECT_THAT(table, HasSubstr("blasst does not run here: no"));
  const std::string csv = toCsv(results);
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 3);  // a head and two runs
  Cell& sparser = results.cell("topk:source=pooled", 0.125);
  sparser.method = results.cells.front().method;
  sparser.reach = Reach::CannotLower;
  sparser.add(runOf(1, 0.1));
  EXPECT_THAT(toMarkdown(results), HasSubstr("| topk:source=pooled | 1/4, 1/8 (cannot go lower) |"));
}

TEST(CompareReport, SpreadLeavesOutWhatIsNotKnown) {
  const std::vector<RunMetrics> runs = {runOf(1, 1), runOf(2, kNotKnown), runOf(3, 3)};
  EXPECT_DOUBLE_EQ(spreadOf(runs, &RunMetrics::error).mean, 2);
  EXPECT_DOUBLE_EQ(spreadOf(runs, &RunMetrics::error).sd, std::sqrt(2));
  EXPECT_TRUE(std::isnan(spreadOf(runs, &RunMetrics::ssim).mean));
}

TEST(ComparePicture, HasALineAndALegendForEachVariant) {
  Results results = example();
  results.cell("a<b", 0.5).add(runOf(1, 0.2));
  const std::string svg = paretoSvg("title & more", paretoPanels(results));
  EXPECT_THAT(svg, HasSubstr("title &amp; more"));
  EXPECT_THAT(svg, HasSubstr(">topk:source=pooled</text>"));
  EXPECT_THAT(svg, HasSubstr(">a&lt;b</text>"));
  EXPECT_THAT(svg, Not(HasSubstr("nan")));
  EXPECT_THAT(svg, testing::EndsWith("</svg>\n"));
  EXPECT_THAT(paretoSvg("nothing yet", paretoPanels(Results{})), testing::EndsWith("</svg>\n"));
}

TEST(ComparePicture, AxesHoldTheirValuesAndMarkRoundOnes) {
  const std::vector<double> values = {0.04, 0.9};
  for (const bool logarithmic : {true, false}) {
    const Axis axis = axisOver(values, logarithmic);
    EXPECT_GT(axis.position(0.04), 0);
    EXPECT_LT(axis.position(0.9), 1);
    EXPECT_GE(axis.ticks.size(), 3U);
    for (const double tick : axis.ticks) {
      EXPECT_GE(axis.position(tick), 0);
      EXPECT_LE(axis.position(tick), 1);
    }
  }
  EXPECT_THAT(axisOver(values, true).ticks, testing::Contains(testing::DoubleNear(0.1, 1e-12)));
  const std::vector<double> one = {5};
  EXPECT_NEAR(axisOver(one, false).position(5), 0.5, 1e-9);
}

}  // namespace
}  // namespace ditscope::collector::compare
