// SPDX-License-Identifier: Apache-2.0
// Files that are damaged, newer, or made by somebody who means harm: one clear error, never a crash, never a
// wrong value without a word.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zstd.h>

#include <fstream>
#include <random>

#include "db/codec_bytes.h"
#include "db/error.h"
#include "db/head_blob.h"
#include "db/sqlite.h"
#include "db/trace_reader.h"
#include "db/trace_writer.h"
#include "tests/support/make_trace.h"
#include "tests/support/read_everything.h"
#include "tests/support/temp_dir.h"

namespace ditscope::db {
namespace {

using std::filesystem::path;
using ::testing::AllOf;
using ::testing::HasSubstr;

std::string load(const path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void save(const path& file, const std::string& bytes) {
  std::ofstream(file, std::ios::binary) << bytes;
}

class HostileFile : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    const tests::TempDir folder;
    tests::makeSyntheticTrace(folder / "t.db", {.steps = 4,
                                                .layers = 2,
                                                .heads = 2,
                                                .grid = {2, 16, 16},
                                                .blockSize = 32,
                                                .record = RecordLevel::Full});
    s_intact = load(folder / "t.db");
  }

  void SetUp() override { save(file(), s_intact); }
  [[nodiscard]] path file() const { return m_folder / "t.db"; }

  void tamper(const std::string& sql) const { Connection(file(), Connection::Mode::ReadWrite).exec(sql); }

  // The message of the error that reading everything ends with; empty when there is none.
  [[nodiscard]] std::string complaint(bool quickCheck = true) const {
    try {
      tests::readEverything(TraceReader(file(), {.quickCheck = quickCheck, .cancelled = {}}));
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), Error::Kind::BadInput) << error.what();
      EXPECT_THAT(error.what(), HasSubstr("t.db"));
      return error.what();
    }
    return "";
  }

  // Replaces a blob, with a checksum that fits.
  void plant(const std::string& kind, const Bytes& data) const {
    Connection connection(file(), Connection::Mode::ReadWrite);
    connection
        .prepare(
            "UPDATE attn_blob SET data = ?, crc32 = ?, base_call_id = NULL WHERE kind = ? AND call_id = 1")
        .bindAll(ByteView(data), crc32(data), kind)
        .run();
  }

  inline static std::string s_intact;
  tests::TempDir m_folder;
};

TEST_F(HostileFile, TheIntactOneIsFine) {
  EXPECT_EQ(complaint(), "");
}

TEST_F(HostileFile, WhatIsNoTrace) {
  EXPECT_THROW(TraceReader(m_folder / "missing.db"), Error);
  EXPECT_THROW(TraceReader(m_folder.path()), Error);
  save(file(), "");
  EXPECT_THAT(complaint(), HasSubstr("empty"));
  save(file(), "hello");
  EXPECT_THAT(complaint(), HasSubstr("not a DiTScope trace"));
  save(file(), std::string(5000, 'x'));
  EXPECT_THAT(complaint(), HasSubstr("not a DiTScope trace"));
  std::filesystem::remove(file());
  Connection(file(), Connection::Mode::Create).exec("CREATE TABLE a(b)");
  EXPECT_THAT(complaint(), HasSubstr("a SQLite file, but not a DiTScope trace"));
}

TEST_F(HostileFile, EveryTruncationIsFound) {
  std::mt19937 random(4);
  for (int round = 0; round < 60; ++round) {
    save(file(), s_intact.substr(0, random() % (s_intact.size() - 1)));
    EXPECT_NE(complaint(), "");
    (void)complaint(
        false);  // without the check it may find nothing wrong in what is left, but must not crash
  }
}

TEST_F(HostileFile, AFewMissingBytesAreFoundEvenWithoutTheCheck) {
  for (const size_t missing : {1, 100, 4096, 8191, 8192}) {
    save(file(), s_intact.substr(0, s_intact.size() - missing));
    EXPECT_THAT(complaint(false), HasSubstr("the file is cut short")) << missing;
  }
}

TEST_F(HostileFile, AFlippedByteInABlobFailsItsChecksum) {
  for (const std::string kind : {"mask", "mass", "curve", "lse_block", "lse_row"}) {
    std::string blob;
    {
      const Connection connection(file(), Connection::Mode::ReadOnly);
      Statement statement = connection.prepare("SELECT data FROM attn_blob WHERE call_id = 1 AND kind = ?");
      ASSERT_TRUE(statement.bindAll(kind).step());
      const ByteView data = statement.blobAt(0);
      blob.assign(reinterpret_cast<const char*>(data.data()), data.size());
    }
    const size_t at = s_intact.find(blob);
    ASSERT_NE(at, std::string::npos) << kind;
    std::string bytes = s_intact;
    bytes[at + blob.size() / 2] = char(bytes[at + blob.size() / 2] ^ 0x10);
    save(file(), bytes);
    EXPECT_THAT(complaint(),
                AllOf(HasSubstr("the " + kind + " data of call"), HasSubstr("fail their checksum")));
    save(file(), s_intact);
  }
}

TEST_F(HostileFile, RandomDamageNeverCrashes) {
  std::mt19937 random(9);
  for (int round = 0; round < 150; ++round) {
    std::string bytes = s_intact;
    for (int flips = 1 + int(random() % 20); flips > 0; --flips)
      bytes[100 + random() % (bytes.size() - 100)] = char(random());
    save(file(), bytes);
    (void)complaint(round % 2 == 0);
  }
}

TEST_F(HostileFile, ANewerTraceIsRefusedUnlessItSaysOtherwise) {
  tamper("PRAGMA user_version = 7; UPDATE meta SET value = '6' WHERE key = 'min_reader_version'");
  EXPECT_THAT(complaint(),
              HasSubstr("a newer DiTScope wrote it (schema version 7, this one reads up to 4) : update"));
  tamper(
      "UPDATE meta SET value = '1' WHERE key = 'min_reader_version'; ALTER TABLE step ADD COLUMN later "
      "INTEGER;"
      "CREATE TABLE later(a INTEGER) STRICT");
  EXPECT_EQ(complaint(), "");
  tamper("DELETE FROM meta");
  EXPECT_THAT(complaint(), HasSubstr("newer"));
  tamper("PRAGMA user_version = 0");
  EXPECT_THAT(complaint(), HasSubstr("schema version 0"));
}

TEST_F(HostileFile, SomethingElseInPlaceOfATable) {
  const std::string away = "PRAGMA legacy_alter_table = 1; ALTER TABLE step RENAME TO real_step;";
  for (const std::string& trick : {
           away + "CREATE VIEW step AS SELECT * FROM real_step",
           away + "CREATE VIEW step AS WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r) "
                  "SELECT i AS idx,"
                  " 0.0 AS sigma, 0.0 AS timestep, 1 AS start_ns, 2 AS end_ns FROM r",
           away + "CREATE TABLE step(idx INTEGER PRIMARY KEY, sigma REAL, timestep REAL, start_ns INTEGER,"
                  " end_ns INTEGER AS (start_ns + 1)) STRICT",
           away + "CREATE TABLE step(idx INTEGER PRIMARY KEY, sigma REAL, timestep REAL, start_ns INTEGER, "
                  "end_ns INTEGER)",
           away + "CREATE TABLE step(idx INTEGER PRIMARY KEY, sigma TEXT, timestep REAL, start_ns INTEGER,"
                  " end_ns INTEGER) STRICT",
           away + "CREATE TABLE step(idx INTEGER PRIMARY KEY) STRICT",
           away + "CREATE VIRTUAL TABLE step USING fts5(idx, sigma, timestep, start_ns, end_ns)",
           away,
       }) {
    save(file(), s_intact);
    tamper(trick);
    EXPECT_THAT(complaint(), HasSubstr("is not")) << trick;
  }
}

TEST_F(HostileFile, MetaAsAViewIsNotBelieved) {
  tamper(
      "DROP TABLE meta; CREATE VIEW meta AS SELECT 'min_reader_version' AS key, '1' AS value; PRAGMA "
      "user_version = 9");
  EXPECT_THAT(complaint(), HasSubstr("newer"));
}

TEST_F(HostileFile, TriggersAndForeignObjectsAreNeverRun) {
  tamper(
      "CREATE TRIGGER t AFTER INSERT ON step BEGIN DELETE FROM run; END; CREATE VIEW v AS SELECT * FROM run;"
      "CREATE TABLE other(a)");
  EXPECT_EQ(complaint(), "");
  EXPECT_TRUE(TraceReader(file()).run().finalised);
}

TEST_F(HostileFile, ValuesThatNoWriterStores) {
  for (const char* sql : {
           "UPDATE step SET end_ns = start_ns - 1",
           "UPDATE attn_call SET branch = 'sideways'",
           "UPDATE attn_call SET kind = ''",
           "UPDATE attn_call SET q_len = -1",
           "UPDATE attn_call SET step_idx = 1 << 40",
           "UPDATE attn_head SET head = 4096 WHERE head = 0",
           "UPDATE attn_head SET density_qk = 7",
           "UPDATE attn_head SET recall_mean = -9e999",
           "UPDATE attn_head SET time_method = 99",
           "UPDATE attn_head SET method_id = 12345",
           "UPDATE attn_head SET choice_id = -1",
           "INSERT INTO string VALUES(999, printf('%65d', 1)); UPDATE attn_head SET method_id = 999",
           "INSERT INTO string VALUES(999, CAST(x'c328' AS TEXT)); UPDATE attn_head SET choice_id = 999",
           "UPDATE attn_head SET budget = -0.5",
           "UPDATE attn_head SET source_step = -2",
           "UPDATE attn_head SET source_step = 4",
           "UPDATE attn_head SET source_step = (1 << 32)",
           "UPDATE attn_head SET token_order = 4",
           "UPDATE kernel SET link_method = -1",
           "UPDATE kernel SET dur_ns = -5",
           "DELETE FROM run",
           "UPDATE run SET model = CAST(x'c328' AS TEXT)",
           "UPDATE run SET model = CAST(x'eda080' AS TEXT)",
           "UPDATE run SET model = printf('%2000000d', 1)",
           "UPDATE run SET n_heads = -3",
           "UPDATE run SET record = 'all'",
           "UPDATE run SET text_begin = 5, text_end = 4",
           "UPDATE layer SET n_heads = 1000000",
           "UPDATE diagnostic SET severity = 'fatal'",
           "UPDATE launch_cfg SET id = id + 1000",
           "UPDATE attn_blob SET base_call_id = call_id WHERE kind = 'mask'",
           "UPDATE attn_blob SET base_call_id = 12345 WHERE kind = 'mask'",
           "UPDATE attn_blob SET data = x'', crc32 = 0",
       }) {
    save(file(), s_intact);
    tamper(sql);
    EXPECT_THAT(complaint(), HasSubstr("damaged")) << sql;
  }
}

TEST_F(HostileFile, ACompressedFrameCannotMakeUsAllocate) {
  Bytes zeros(size_t{256} << 20);
  Bytes frame(ZSTD_compressBound(zeros.size()));
  frame.resize(ZSTD_compress(frame.data(), frame.size(), zeros.data(), zeros.size(), 3));
  for (const std::string kind : {"mask", "mass", "curve", "lse_block", "lse_row"}) {
    HeadBlobBuilder builder;
    builder.add(kind == "mask" ? 2 : 1, frame);
    save(file(), s_intact);
    plant(kind, builder.finish({16, 16}));
    EXPECT_THAT(complaint(), HasSubstr("damaged")) << kind;
  }
}

TEST_F(HostileFile, ImpossibleDimensionsAreRefused) {
  HeadBlobBuilder builder;
  builder.add(2, {});  // an all-zero mask of any size costs no byte
  plant("mask", builder.finish({1 << 15, 1 << 15}));
  EXPECT_THAT(complaint(), HasSubstr("dimensions"));
}

TEST_F(HostileFile, AnotherFormatVersionOfABlobIsRefused) {
  plant("mass", Bytes(16, std::byte{9}));
  EXPECT_THAT(complaint(), HasSubstr("format"));
}

TEST_F(HostileFile, LongQueriesCanBeCancelled) {
  tests::makeSyntheticTrace(file(), {.steps = 2, .layers = 1, .heads = 1, .kernels = 30'000});
  bool cancel = false;
  const TraceReader reader(file(), {.quickCheck = true, .cancelled = [&] { return cancel; }});
  cancel = true;
  EXPECT_THROW(reader.forEachKernel([](const Kernel&) {}), Cancelled);
  EXPECT_THROW(TraceReader(file(), {.quickCheck = true, .cancelled = [] { return true; }}), Cancelled);
  cancel = false;
  EXPECT_GE(reader.kernelCount(), 30'000);
}

TEST_F(HostileFile, ALinkToATraceIsFollowed) {
  std::filesystem::create_symlink(file(), m_folder / "link.db");
  EXPECT_TRUE(TraceReader(m_folder / "link.db").run().finalised);
}

}  // namespace
}  // namespace ditscope::db
