// SPDX-License-Identifier: Apache-2.0
// Points of traces, changes of series, what marks do to them, and the reports.
#include "analyzer/history/history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "analyzer/history/history_add.h"
#include "analyzer/history/report_history.h"
#include "tests/analyzer/guard_traces.h"
#include "tests/support/temp_dir.h"

namespace ditscope::tests {
namespace {

using namespace analyzer;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

constexpr int64_t kDay = 86'400'000'000'000;

class HistoryOf : public testing::Test {
 protected:
  // One run a value, a day apart; commits are c0, c1, ...
  void add(const std::vector<double>& medians, const std::string& kernel = "flash",
           const std::string& branch = "main") {
    std::mt19937_64 random(4);
    std::normal_distribution<double> noise(0, 0.002);
    for (size_t i = 0; i < medians.size(); ++i) {
      const double ns = medians[i] * std::exp(noise(random));
      const db::HistoryRun run{.uuid = branch + kernel + std::to_string(i),
                               .startedUtcNs = 1'767'225'600'000'000'000 + int64_t(i) * kDay,
                               .file = "run.db",
                               .gitCommit = "c" + std::to_string(i),
                               .branch = branch,
                               .machine = i < 38 ? "driver 550" : "driver 560"};
      const std::vector<std::pair<db::HistorySeries, db::HistoryPoint>> points{
          {{.kernel = kernel, .description = kernel + ", grid 8x1x1", .device = "GPU-a"},
           {.samples = 20, .medianNs = ns, .q1Ns = ns * 0.99, .q3Ns = ns * 1.01, .minNs = ns * 0.98}}};
      m_file.add(run, points);
    }
  }
  [[nodiscard]] History read(const HistoryQuery& query = {}) const { return readHistory(m_file, query); }

  const TempDir m_folder;
  db::HistoryFile m_file{m_folder / "kernels.hist", db::HistoryFile::Access::Create};
};

std::vector<double> steps(std::initializer_list<std::pair<size_t, double>> levels) {
  std::vector<double> values;
  for (const auto& [count, ns] : levels) values.insert(values.end(), count, ns);
  return values;
}

TEST_F(HistoryOf, AChangeIsFoundWithItsRun) {
  add(steps({{20, 2e6}, {15, 2.1e6}}));
  const History history = read();
  ASSERT_EQ(history.series.size(), 1U);
  const SeriesHistory& series = history.series[0];
  ASSERT_EQ(series.changes.size(), 1U);
  const HistoryChange& change = series.changes[0];
  EXPECT_EQ(change.point.index, 20U);
  EXPECT_NEAR(std::expm1(change.point.change()), 0.05, 0.003);
  EXPECT_EQ(change.state, ChangeState::Open);
  EXPECT_TRUE(series.isOpenSlower());
  EXPECT_NEAR(series.level(), 2.1e6, 0.01e6);
  EXPECT_EQ(bisectHint(history, series, change), "git bisect start c20 c19");
  EXPECT_EQ(countOpenSlower(history), 1);
}

TEST_F(HistoryOf, WhatDoesNotMatterIsNoChange) {
  add(steps({{20, 2e6}, {20, 2.01e6}}));
  EXPECT_THAT(read().series[0].changes, IsEmpty()) << "half a percent of 2 ms";
}

TEST_F(HistoryOf, AnAcceptedChangeCutsTheSeries) {
  add(steps({{12, 2e6}, {12, 2.2e6}, {11, 2.4e6}}));
  ASSERT_EQ(read().series[0].changes.size(), 2U);
  const int64_t run = read().runs[12].id;
  m_file.setMark({1, run, true, "more exact"});
  const History history = read();
  const std::vector<HistoryChange>& changes = history.series[0].changes;
  ASSERT_EQ(changes.size(), 2U);
  EXPECT_EQ(changes[0].state, ChangeState::Accepted);
  EXPECT_EQ(changes[0].note, "more exact");
  EXPECT_NEAR(std::expm1(changes[0].point.change()), 0.1, 0.005);
  EXPECT_EQ(changes[1].state, ChangeState::Open);
  m_file.setMark({1, read().runs[24].id, true, ""});
  EXPECT_FALSE(read().series[0].isOpenSlower());
  EXPECT_NEAR(read().series[0].level(), 2.4e6, 0.02e6);
}

TEST_F(HistoryOf, ARejectedChangeIsNone) {
  add(steps({{15, 2e6}, {15, 2.2e6}}));
  m_file.setMark({1, read().runs[16].id, false, "another power supply"});
  const History history = read();
  ASSERT_EQ(history.series[0].changes.size(), 1U) << "it is still listed";
  EXPECT_EQ(history.series[0].changes[0].state, ChangeState::Rejected) << "the mark is a point away";
  EXPECT_FALSE(history.series[0].isOpenSlower());
}

TEST_F(HistoryOf, AChangeOfTheMachineIsSaid) {
  add(steps({{38, 2e6}, {12, 1.8e6}}));
  const History history = read();
  ASSERT_EQ(history.series[0].changes.size(), 1U);
  EXPECT_FALSE(history.series[0].changes[0].isSlower());
  EXPECT_EQ(bisectHint(history, history.series[0], history.series[0].changes[0]),
            "not only the code changed: driver 550 -> driver 560");
}

TEST_F(HistoryOf, BranchesAndKernelsCanBeChosen) {
  add(steps({{5, 2e6}}));
  add(steps({{3, 2e6}}), "flash", "feature");
  add(steps({{4, 1e6}}), "gemm");
  EXPECT_EQ(read().series[0].points.size(), 8U);
  EXPECT_EQ(read({.branch = "feature"}).series.at(0).points.size(), 3U);
  EXPECT_EQ(read({.branch = "feature"}).series.size(), 1U) << "series without a point are left out";
  EXPECT_EQ(read({.kernels = {"gem"}}).series.at(0).series.kernel, "gemm");
  EXPECT_EQ(read({.series = 2}).series.at(0).series.kernel, "gemm");
  const std::vector<size_t> order = read().series[0].runs;
  EXPECT_TRUE(std::ranges::is_sorted(order)) << "by time, not by when they were added";
}

TEST_F(HistoryOf, PointsOfATrace) {
  const auto pointsOfTrace = [&](const KernelTrace& trace) {
    writeKernelTrace(m_folder / "t.db", trace);
    return pointsOf(readSeries("t.db", db::TraceReader(m_folder / "t.db")), {});
  };
  KernelTrace trace;
  trace.kernels = {{.name = "flash", .count = 31}, {.name = "rare", .count = 5}};
  trace.circumstances = {{"git_branch", "main"}, {"clock_policy", "free"}};
  trace.clockHz = 1'500'000'000;
  const NewPoints points = pointsOfTrace(trace);
  EXPECT_EQ(points.run.branch, "main");
  EXPECT_EQ(points.run.machine, "driver 550.54, CUDA 13.0, clock policy free");
  EXPECT_EQ(points.tooFew, 1);
  ASSERT_EQ(points.points.size(), 1U);
  EXPECT_EQ(points.points[0].second.samples, 30);
  EXPECT_NEAR(points.points[0].second.medianNs, 2e6, 0.01e6);
  EXPECT_EQ(points.points[0].second.clockHz, 1.5e9);
  trace.kernels = {{.name = "flash", .count = 31, .registers = 168}};
  EXPECT_EQ(pointsOfTrace(trace).points[0].first.description, points.points[0].first.description)
      << "a rebuilt kernel stays in its series";
}

TEST_F(HistoryOf, Reports) {
  add(steps({{20, 2e6}, {15, 2.1e6}}));
  add(steps({{20, 1e6}}), "gemm");
  add(steps({{12, 1e6}}), "<script>\n\x1b[31m");
  const History history = read();
  const std::string text = historyText(history, false, {});
  EXPECT_THAT(text, HasSubstr("1 series got slower"));
  EXPECT_THAT(text, HasSubstr("SLOWER +4.91 %"));
  EXPECT_THAT(text, HasSubstr("git bisect start c20 c19"));
  EXPECT_THAT(text, Not(HasSubstr("gemm")));
  EXPECT_THAT(text, HasSubstr("2 series did not change"));
  EXPECT_THAT(historyText(history, true, {}), HasSubstr("gemm"));
  EXPECT_THAT(historyText(history, true, {}), Not(HasSubstr("\x1b")));

  const std::string chart = historyChart(history, 2, {});
  EXPECT_THAT(chart, HasSubstr(" oo o ooo o ooo ooooo|\n"));
  EXPECT_THAT(chart, HasSubstr("... and 1 more"));
  const std::string svg = historySvg(history, 8);
  EXPECT_THAT(svg, StartsWith("<svg xmlns="));
  EXPECT_THAT(svg, HasSubstr(">+4.91 %<"));
  EXPECT_THAT(svg, HasSubstr("&lt;script&gt;"));
  EXPECT_THAT(svg, Not(HasSubstr("<script")));
  EXPECT_EQ(historySvg(read(), 8), svg) << "same bytes";

  const std::string csv = otavaCsv(history);
  EXPECT_THAT(csv, StartsWith("time,commit,branch,series_1,series_2,series_3"));
  EXPECT_THAT(csv, HasSubstr("2026-01-01 00:00:00 +0000,c0,main,"));
  EXPECT_THAT(csv, Not(testing::AnyOf(HasSubstr(",,"), HasSubstr(",\r"), HasSubstr(",\n"))));
  EXPECT_THAT(otavaConfig(history, "k.csv"), HasSubstr("series_1:  # flash, grid 8x1x1\n"));
  EXPECT_THAT(otavaConfig(history, "k.csv"), Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace ditscope::tests
