// SPDX-License-Identifier: Apache-2.0
// A history: what is written is what is read, runs once only, and files that are none.
#include "db/history_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "db/error.h"
#include "db/trace_writer.h"
#include "tests/support/temp_dir.h"

namespace ditscope::db {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Access = HistoryFile::Access;
using Points = std::vector<std::pair<HistorySeries, HistoryPoint>>;

HistorySeries series(const std::string& kernel, const std::string& device = "GPU-a") {
  return {.kernel = kernel, .description = kernel + ", grid 2x1x1", .device = device};
}

class History : public testing::Test {
 protected:
  [[nodiscard]] std::string complaint(Access access = Access::Read) const {
    try {
      HistoryFile file(m_path, access);
      (void)file.runs();
      (void)file.series();
      file.forEachPoint([](const HistoryPoint&) {});
      (void)file.marks();
      (void)file.baselines();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), Error::Kind::BadInput);
      return error.what();
    }
    return "";
  }
  const tests::TempDir m_folder;
  const std::filesystem::path m_path = m_folder / "kernels.hist";
};

TEST_F(History, WhatIsWrittenIsRead) {
  {
    HistoryFile file(m_path, Access::Create);
    const HistoryRun late{.uuid = "u2",
                          .startedUtcNs = 200,
                          .file = "größe.db",
                          .gitCommit = "c2",
                          .branch = "main",
                          .machine = "driver 550"};
    EXPECT_EQ(
        file.add(late,
                 Points{{series("a"), {.samples = 12, .medianNs = 5, .q1Ns = 4, .q3Ns = 6, .minNs = 3}},
                        {series("b"),
                         {.samples = 9, .medianNs = 7, .q1Ns = 7, .q3Ns = 7, .minNs = 7, .clockHz = 2e9}}}),
        1);
    EXPECT_EQ(file.add({.uuid = "u1", .startedUtcNs = 100},
                       Points{{series("a"), {.samples = 1, .medianNs = 1, .q1Ns = 1, .q3Ns = 1, .minNs = 1}},
                              {series("a", "GPU-b"),
                               {.samples = 1, .medianNs = 2, .q1Ns = 2, .q3Ns = 2, .minNs = 2}}}),
              2);
    EXPECT_EQ(file.add({.uuid = "u1"}, {}), std::nullopt) << "it is there";
  }
  HistoryFile file(m_path, Access::Create);
  const auto runs = file.runs();
  ASSERT_EQ(runs.size(), 2U);
  EXPECT_EQ(runs[0].uuid, "u1") << "by time";
  EXPECT_EQ(runs[1].file + runs[1].gitCommit + runs[1].branch + runs[1].machine, "größe.dbc2maindriver 550");
  const auto all = file.series();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].description, "a, grid 2x1x1");
  EXPECT_EQ(all[2].device, "GPU-b");
  std::vector<HistoryPoint> points;
  file.forEachPoint([&](const HistoryPoint& point) { points.push_back(point); });
  ASSERT_EQ(points.size(), 4U);
  EXPECT_EQ(points[0].q3Ns, 6);
  EXPECT_TRUE(std::isnan(points[0].clockHz));
  EXPECT_EQ(points[1].runId, 2);
  EXPECT_EQ(points[2].clockHz, 2e9);
}

TEST_F(History, MarksAndBaselines) {
  HistoryFile file(m_path, Access::Create);
  for (const char* uuid : {"u1", "u2", "u3"})
    file.add({.uuid = uuid},
             Points{{series("a"), {.samples = 1, .medianNs = 1, .q1Ns = 1, .q3Ns = 1, .minNs = 1}}});
  file.setMark({1, 2, false, "noise"});
  file.setMark({1, 2, true, "new normal"});
  file.setMark({1, 3, false, ""});
  file.removeMark(1, 3);
  ASSERT_EQ(file.marks().size(), 1U);
  EXPECT_TRUE(file.marks()[0].accepted);
  EXPECT_EQ(file.marks()[0].note, "new normal");
  EXPECT_THROW(file.setMark({7, 2, true, ""}), Error) << "there is no such series";

  file.setBaseline({"release", "main", {1, 2}});
  file.setBaseline({"release", "", {3}});
  file.setBaseline({"release", "main", {2, 3}});
  ASSERT_EQ(file.baselines().size(), 2U);
  EXPECT_EQ(file.baselines()[0].branch, "");
  EXPECT_THAT(file.baselines()[1].runIds, ElementsAre(2, 3));
  file.setBaseline({"release", "", {}});
  EXPECT_EQ(file.baselines().size(), 1U);
}

TEST_F(History, OtherFilesAreRefused) {
  EXPECT_THAT(complaint(), HasSubstr("cannot be opened"));
  std::ofstream(m_path) << "no history at all, whatever its name says";
  EXPECT_THAT(complaint(), HasSubstr("it is not a DiTScope history"));
  EXPECT_THAT(complaint(Access::Create), HasSubstr("it is not a DiTScope history"))
      << "and is not written over";
  {
    TraceWriter trace(m_path, {}, {.overwrite = true});
    trace.finalise({});
  }
  EXPECT_THAT(complaint(), HasSubstr("it is a SQLite file, but not a DiTScope history"));
}

TEST_F(History, TamperedFilesAreRefused) {
  const auto tampered = [&](const std::string& sql) {
    std::filesystem::remove(m_path);
    HistoryFile(m_path, Access::Create)
        .add({.uuid = "u"},
             Points{{series("a"), {.samples = 1, .medianNs = 1, .q1Ns = 1, .q3Ns = 1, .minNs = 1}}});
    Connection(m_path, Connection::Mode::ReadWrite).exec(sql);
    return complaint();
  };
  EXPECT_EQ(tampered("SELECT 1"), "");
  EXPECT_THAT(tampered("PRAGMA user_version = 9"), HasSubstr("it has history version 9"));
  EXPECT_THAT(tampered("DROP TABLE mark; CREATE VIEW mark AS SELECT 1 AS series_id"),
              HasSubstr("'mark' is not"));
  EXPECT_THAT(tampered("UPDATE point SET median_ns = -1"), HasSubstr("not a positive number"));
  EXPECT_THAT(tampered("UPDATE point SET q1_ns = 9e999"), HasSubstr("not a positive number"));
  EXPECT_THAT(tampered("UPDATE run SET branch = CAST(x'ff' AS TEXT)"), HasSubstr("not UTF-8"));
}

}  // namespace
}  // namespace ditscope::db
