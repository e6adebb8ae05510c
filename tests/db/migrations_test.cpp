// SPDX-License-Identifier: Apache-2.0
#include "db/migrations.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <vector>

#include "db/error.h"
#include "db/sqlite.h"
#include "db/trace_reader.h"
#include "tests/support/temp_dir.h"

namespace ditscope::db {
namespace {

using std::filesystem::path;

// A recorded file of every version lies in data/; it is what the version's own writer left.
path stored(int version) {
  return path(DITSCOPE_SOURCE_DIR) / "tests/db/data" / ("trace_v" + std::to_string(version) + ".db");
}

std::vector<std::string_view> scriptsAnd(std::string_view another) {
  std::vector<std::string_view> scripts(schemaScripts().begin(), schemaScripts().end());
  scripts.push_back(another);
  return scripts;
}

std::string schemaOf(const Connection& connection) {
  return connection.queryText(
      "SELECT group_concat(sql, ';') FROM (SELECT sql FROM sqlite_schema WHERE name NOT LIKE 'kernel_by_%' "
      "ORDER BY name)");
}

TEST(Migrations, AStoredFileOfEveryVersionOpensAndUpgrades) {
  Connection fresh("", Connection::Mode::Memory);
  migrate(fresh);
  for (int version = 1; version <= currentSchemaVersion(); ++version) {
    const tests::TempDir folder;
    std::filesystem::copy_file(stored(version), folder / "t.db");
    EXPECT_EQ(upgradeTraceFile(folder / "t.db"), version);
    const TraceReader reader(folder / "t.db");
    EXPECT_EQ(reader.run().model, "WanTransformer3DModel");
    EXPECT_EQ(reader.heads().size(), 16u);
    EXPECT_TRUE(reader.mask(5, 1).has_value());
    EXPECT_EQ(schemaOf(Connection(folder / "t.db", Connection::Mode::ReadOnly)), schemaOf(fresh)) << version;
  }
}

TEST(Migrations, AnOldFileIsReadAsItLies) {
  const tests::TempDir folder;
  std::filesystem::copy_file(stored(1), folder / "upgraded.db");
  upgradeTraceFile(folder / "upgraded.db");
  const std::vector<HeadRow> upgraded = TraceReader(folder / "upgraded.db").heads();
  const std::vector<HeadRow> heads = TraceReader(stored(1)).heads();
  ASSERT_EQ(heads.size(), upgraded.size());
  for (size_t i = 0; i < heads.size(); ++i) {
    EXPECT_EQ(heads[i].stats.densityQk, upgraded[i].stats.densityQk);
    EXPECT_EQ(heads[i].stats.timeNs, upgraded[i].stats.timeNs);
    for (const HeadDecision& decision : {heads[i].decision, upgraded[i].decision}) {
      EXPECT_EQ(decision.method + decision.choice, "");
      EXPECT_TRUE(std::isnan(decision.budget) && std::isnan(decision.threshold));
      EXPECT_EQ(decision.sourceStep, -1);
      EXPECT_EQ(decision.order, TokenOrder::FrameMajor);
    }
  }
}

TEST(Migrations, TheSecondVersionHoldsDecisions) {
  for (const HeadRow& head : TraceReader(stored(2)).heads()) {
    EXPECT_EQ(head.decision.method, "topk");
    EXPECT_EQ(head.decision.choice, "topk");
    EXPECT_EQ(head.decision.budget, 0.25f);
    EXPECT_EQ(head.decision.sourceStep, head.step == 0 ? -1 : 0);  // searched, then reused
  }
}

TEST(Migrations, TheThirdVersionHoldsCircumstancesAndClocks) {
  const TraceReader old(stored(2)), reader(stored(3));
  EXPECT_TRUE(old.circumstances().empty());
  EXPECT_TRUE(old.deviceClocks().empty());
  ASSERT_EQ(reader.circumstances().size(), 1u);
  EXPECT_EQ(reader.circumstances()[0].name, "clock_policy");
  ASSERT_EQ(reader.deviceClocks().size(), 2u);  // one a step
  EXPECT_EQ(reader.deviceClocks()[1].hz, 1'410'000'000);
}

TEST(Migrations, TheFourthVersionHasViewsThatTheReaderNeverUses) {
  const tests::TempDir folder;
  std::filesystem::copy_file(stored(4), folder / "t.db");
  const Connection connection(folder / "t.db", Connection::Mode::ReadWrite);
  EXPECT_EQ(connection.queryInt("SELECT count(*) FROM cells"), 16);
  EXPECT_EQ(connection.queryInt("SELECT count(*) FROM CUPTI_ACTIVITY_KIND_KERNEL"),
            connection.queryInt("SELECT count(*) FROM kernel"));
  connection.exec("DROP VIEW cells; CREATE VIEW cells AS SELECT * FROM no_such_table");
  EXPECT_EQ(TraceReader(folder / "t.db").heads().size(), 16u);
}

TEST(Migrations, ANewScriptIsRunOnceOnOldFilesAndNewOnes) {
  const tests::TempDir folder;
  std::filesystem::copy_file(stored(currentSchemaVersion()), folder / "old.db");
  const auto scripts = scriptsAnd("ALTER TABLE step ADD COLUMN note TEXT; UPDATE step SET note = 'old'");
  EXPECT_EQ(upgradeTraceFile(folder / "old.db", scripts), currentSchemaVersion());
  EXPECT_EQ(upgradeTraceFile(folder / "old.db", scripts), currentSchemaVersion() + 1);  // nothing left to do
  const Connection old(folder / "old.db", Connection::Mode::ReadOnly);
  EXPECT_EQ(old.queryInt("PRAGMA user_version"), currentSchemaVersion() + 1);
  EXPECT_EQ(old.queryText("SELECT note FROM step"), "old");
  Connection fresh("", Connection::Mode::Memory);
  migrate(fresh, scripts);
  EXPECT_EQ(schemaOf(fresh), schemaOf(old));
}

TEST(Migrations, AFailingScriptLeavesTheFileAsItWas) {
  const tests::TempDir folder;
  std::filesystem::copy_file(stored(1), folder / "t.db");
  EXPECT_THROW(
      upgradeTraceFile(folder / "t.db", scriptsAnd("CREATE TABLE half(a); INSERT INTO nowhere VALUES(1)")),
      Error);
  const Connection connection(folder / "t.db", Connection::Mode::ReadOnly);
  EXPECT_EQ(connection.queryInt("PRAGMA user_version"), currentSchemaVersion());
  EXPECT_EQ(connection.queryInt("SELECT count(*) FROM sqlite_schema WHERE name = 'half'"), 0);
}

TEST(Migrations, NewerAndForeignFilesAreRefused) {
  const tests::TempDir folder;
  std::filesystem::copy_file(stored(1), folder / "t.db");
  Connection(folder / "t.db", Connection::Mode::ReadWrite).exec("PRAGMA user_version = 40");
  EXPECT_THROW(upgradeTraceFile(folder / "t.db"), Error);
  Connection(folder / "other.db", Connection::Mode::Create).exec("CREATE TABLE a(b)");
  EXPECT_THROW(upgradeTraceFile(folder / "other.db"), Error);
  EXPECT_THROW(upgradeTraceFile(folder / "missing.db"), Error);
}

}  // namespace
}  // namespace ditscope::db
