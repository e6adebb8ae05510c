// SPDX-License-Identifier: Apache-2.0
// `ditscope verify` as a program: its reports byte for byte, exit codes, and a ditscope-collect that it
// starts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/analyzer/run_program.h"
#include "tests/analyzer/verify_traces.h"

namespace ditscope::tests {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

const fs::path kGoldenFolder = fs::path(DITSCOPE_SOURCE_DIR) / "tests/analyzer/golden";

class VerifyProgram : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directory(m_installed);
    fs::copy_file(fs::path(DITSCOPE_BIN_DIR) / "ditscope", m_installed / "ditscope");
    writeDenseTrace(m_files.dense);
    writeSparseTrace(m_files.run);
    writeVerifyConfig(m_files.config, R"({"target":"recall","value":0.95})");
  }
  ProgramResult run(const std::vector<std::string>& arguments) const {
    return runProgram(m_installed / "ditscope", arguments, m_folder.path(), {"PATH=/usr/bin:/bin"});
  }
  // Stands in for the recorder: says what it was asked for, and makes its last argument the recorded run.
  void installCollect(const std::string& ending) const {
    const fs::path script = m_installed / "ditscope-collect";
    writeText(script, "#!/bin/sh\necho \"asked: $*\"\nfor out; do :; done\n" + ending + "\n");
    fs::permissions(script, fs::perms::owner_all);
  }
  static void expectGolden(const std::string& name, const std::string& text) {
    if (std::getenv("DITSCOPE_UPDATE_GOLDEN") != nullptr) writeText(kGoldenFolder / name, text);
    EXPECT_EQ(text, readText(kGoldenFolder / name)) << name;
  }
  SpacedFolder m_folder;
  fs::path m_installed = m_folder.path() / "installed";
  VerifyFiles m_files{m_folder.path()};
};

TEST_F(VerifyProgram, ReportsAreUnchanged) {
  const ProgramResult text = run({"verify", "config.json", "--against", "dense.db", "run.db"});
  EXPECT_EQ(text.exitCode, 0) << text.err;
  EXPECT_EQ(text.err, "");
  expectGolden("verify.txt", text.out);
  const ProgramResult json = run({"verify", "config.json", "--against", "dense.db", "run.db", "--json"});
  expectGolden("verify.json", json.out);
  EXPECT_EQ(nlohmann::json::parse(json.out).at("schema"), "ditscope.verify/1");
}

TEST_F(VerifyProgram, AMissedPromiseIsSaidAndIsExitCodeOne) {
  writeVerifyConfig(m_files.config, R"({"target":"speedup","value":2})");
  const ProgramResult result = run({"verify", "config.json", "--against", "dense.db", "run.db"});
  EXPECT_EQ(result.exitCode, 1);
  EXPECT_THAT(result.out, HasSubstr("promise MISSED: attention faster by at least 2.00 x; measured 1.4"));
}

TEST_F(VerifyProgram, RecordsTheRunWithTheSettingsOfTheDenseOne) {
  installCollect("cp run.db \"$out\"");
  fs::rename(m_files.run, m_folder.path() / "kept.db");
  fs::copy_file(m_folder.path() / "kept.db", m_files.run);
  const ProgramResult result =
      run({"verify", "config.json", "--against", "dense.db", "--out", "new run.db", "--json"});
  EXPECT_EQ(result.exitCode, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("asked: --model demo-video --config config.json --record mass --steps 4 "
                                    "--seed 7 --label 3 --guidance 4.5 --out new run.db"));
  EXPECT_EQ(nlohmann::json::parse(result.out).at("run"), "new run.db") << "stdout is one JSON object";
  EXPECT_TRUE(fs::exists(m_folder.path() / "new run.db"));
}

TEST_F(VerifyProgram, RoundsTimeBothRunsInTurns) {
  installCollect("case \"$*\" in *--config*) cp run.db \"$out\" ;; *) cp dense.db \"$out\" ;; esac");
  writeVerifyConfig(m_files.config, R"({"target":"speedup","value":1.4})");
  const ProgramResult result =
      run({"verify", "config.json", "--against", "dense.db", "run.db", "--rounds", "2", "--json"});
  EXPECT_EQ(result.exitCode, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("--method dense --block 64 --record stats --steps 4"));
  const auto attention = nlohmann::json::parse(result.out).at("attention");
  EXPECT_EQ(attention.at("rounds"), 2);
  EXPECT_EQ(attention.at("speedup"), attention.at("speedup_hi"));
}

TEST_F(VerifyProgram, WithoutOutTheRecordedRunIsRemoved) {
  installCollect("cp run.db \"$out\"; echo \"$out\" > where");
  const ProgramResult result = run({"verify", "config.json", "--against", "dense.db"});
  EXPECT_EQ(result.exitCode, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("the recorded run"));
  std::string where = readText(m_folder.path() / "where");
  where.pop_back();
  EXPECT_FALSE(where.empty());
  EXPECT_FALSE(fs::exists(fs::path(where).parent_path()));
}

TEST_F(VerifyProgram, FailuresOfTheRecorderAreItsOwn) {
  installCollect("exit 3");
  const ProgramResult result = run({"verify", "config.json", "--against", "dense.db"});
  EXPECT_EQ(result.exitCode, 3);
  EXPECT_EQ(result.out, "");
  EXPECT_THAT(result.err, HasSubstr("ditscope: verify : ditscope-collect ended with exit code 3 : see"));
  fs::remove(m_installed / "ditscope-collect");
  EXPECT_THAT(
      run({"verify", "config.json", "--against", "dense.db"}).err,
      HasSubstr("ditscope-collect is neither beside ditscope nor on PATH, and no recorded run is given"));
}

TEST_F(VerifyProgram, APromptedRunCannotBeRepeated) {
  RunChanges prompted;
  prompted.run = [](db::Run& run) { run.label = -1; };
  writeDenseTrace(m_files.dense, prompted);
  const ProgramResult result = run({"verify", "config.json", "--against", "dense.db"});
  EXPECT_EQ(result.exitCode, 3);
  EXPECT_THAT(result.err, HasSubstr("dense.db : its sample was not made from a class label"));
}

TEST_F(VerifyProgram, CommandLine) {
  EXPECT_THAT(run({"verify", "config.json"}).err, HasSubstr("--against"));
  EXPECT_EQ(run({"verify", "config.json", "--against", "dense.db", "run.db", "--out", "x.db"}).exitCode, 3);
  EXPECT_EQ(run({"verify", "nowhere.json", "--against", "dense.db", "run.db"}).exitCode, 3);
  EXPECT_THAT(run({"verify", "--help"}).out, HasSubstr("Example"));
}

}  // namespace
}  // namespace ditscope::tests
