// SPDX-License-Identifier: Apache-2.0
// Tables for other tools, read back by Python and compared with the trace.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "db/trace_reader.h"
#include "tests/analyzer/export_support.h"

namespace ditscope::tests {
namespace {

using testing::HasSubstr;

class NsysFile : public Exports {
 protected:
  void agrees(const char* trace) const {
    const ProgramResult result = run({"export", trace, "--to", "nsys-sqlite", "--out", "run.sqlite"});
    ASSERT_EQ(result.exitCode, 0) << result.err;
    const ProgramResult reader = python("read_tables.py", {"nsys", trace, "run.sqlite"});
    EXPECT_EQ(reader.exitCode, 0) << reader.err;
    EXPECT_THAT(reader.out, HasSubstr(" kernels, "));
  }
};

TEST_F(NsysFile, HoldsWhatTheTraceHolds) {
  storedTrace("run.db");
  agrees("run.db");
}

TEST_F(NsysFile, OfAGpuAndOfHostileNames) {
  syntheticTrace("gpu.db");
  agrees("gpu.db");
  hostileTrace("hostile.db");
  agrees("hostile.db");  // replaces the file of the first
}

TEST_F(NsysFile, ComesBackThroughTheImport) {
  storedTrace("run.db");
  ASSERT_EQ(run({"export", "run.db", "--to", "nsys-sqlite", "--out", "run.sqlite"}).exitCode, 0);
  const ProgramResult result = run({"import", "run.sqlite", "--out", "back.db"});
  ASSERT_EQ(result.exitCode, 0) << result.err;
  const db::TraceReader before(at("run.db")), after(at("back.db"));
  EXPECT_EQ(after.kernelCount(), before.kernelCount());
  EXPECT_EQ(after.steps().size(), before.steps().size());
  EXPECT_EQ(after.layers().size(), before.layers().size());
  const std::vector<db::AttnCall> calls = before.calls(), again = after.calls();
  ASSERT_EQ(again.size(), calls.size());
  for (size_t i = 0; i < calls.size(); ++i) {
    EXPECT_EQ(again[i].step, calls[i].step);
    EXPECT_EQ(again[i].layer, calls[i].layer);
    EXPECT_EQ(again[i].branch, calls[i].branch);
    EXPECT_EQ(again[i].kernelNs, calls[i].kernelNs);
  }
}

TEST_F(NsysFile, BadInputLeavesNoFile) {
  storedTrace("run.db");
  const ProgramResult result =
      run({"export", "run.db", "--to", "nsys-sqlite", "--out", "no folder/x.sqlite"});
  EXPECT_EQ(result.exitCode, 3);
  EXPECT_THAT(result.err, testing::MatchesRegex("ditscope: [^\n]+ : [^\n]+ : [^\n]+\n"));
}

class CsvTables : public Exports {
 protected:
  void agrees(const char* trace) const {
    const ProgramResult result = run({"export", trace, "--to", "csv-tables", "--out", "tables"});
    ASSERT_EQ(result.exitCode, 0) << result.err;
    const ProgramResult reader = python("read_tables.py", {"csv", trace, "tables"});
    EXPECT_EQ(reader.exitCode, 0) << reader.err;
    EXPECT_THAT(reader.out, HasSubstr(" heads, "));
  }
};

TEST_F(CsvTables, HoldWhatTheTraceHolds) {
  storedTrace("run.db");
  agrees("run.db");
}

TEST_F(CsvTables, OfAGpuAndOfHostileNames) {
  syntheticTrace("gpu.db");
  agrees("gpu.db");
  hostileTrace("hostile.db");
  agrees("hostile.db");
}

TEST_F(CsvTables, BadInputIsOneLine) {
  storedTrace("run.db");
  for (const char* out : {"no folder/tables", "run.db"}) {
    const ProgramResult result = run({"export", "run.db", "--to", "csv-tables", "--out", out});
    EXPECT_EQ(result.exitCode, 3) << out;
    EXPECT_THAT(result.err, testing::MatchesRegex("ditscope: [^\n]+ : [^\n]+ : [^\n]+\n"));
  }
}

class Views : public Exports {};

TEST_F(Views, HaveTheShapeOfTheExport) {
  syntheticTrace("run.db");
  ASSERT_EQ(run({"export", "run.db", "--to", "nsys-sqlite", "--out", "run.sqlite"}).exitCode, 0);
  const ProgramResult reader = python("read_tables.py", {"nsys", "run.db", "run.sqlite", "views"});
  EXPECT_EQ(reader.exitCode, 0) << reader.err;
}

TEST_F(Views, RunTheRecipesOfTheDocumentation) {
  syntheticTrace("run.db");
  const std::string page = (std::filesystem::path(DITSCOPE_SOURCE_DIR) / "docs/sql.md").string();
  const ProgramResult reader = python("run_recipes.py", {page, "run.db"});
  EXPECT_EQ(reader.exitCode, 0) << reader.err;
  EXPECT_EQ(reader.out, "6 recipes\n");
}

}  // namespace
}  // namespace ditscope::tests
