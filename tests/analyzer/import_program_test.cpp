// SPDX-License-Identifier: Apache-2.0
// `ditscope import` of captures as a person runs it, and what the other commands make of the result.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/analyzer/run_program.h"

namespace ditscope::tests {
namespace {

const std::string kData = DITSCOPE_SOURCE_DIR "/tests/analyzer/import_data/";

class ImportProgram : public testing::Test {
 protected:
  ProgramResult run(const std::vector<std::string>& arguments) {
    return runProgram(DITSCOPE_BIN_DIR "/ditscope", arguments, m_folder.path());
  }
  SpacedFolder m_folder;
};

TEST_F(ImportProgram, MakesATraceThatTheOtherCommandsRead) {
  for (const std::string file :
       {"sd35_mi300x_cut.json.gz", "video_dit_2xh100_cut.sqlite", "train_2021_names.json.gz"}) {
    SCOPED_TRACE(file);
    const std::string out = file + ".db";
    const ProgramResult imported = run({"import", kData + file, "--out", out, "--json"});
    ASSERT_EQ(imported.exitCode, 0) << imported.err;
    const auto json = nlohmann::json::parse(imported.out);
    EXPECT_EQ(json["schema"], "ditscope.import-capture/1");
    EXPECT_GT(json["kernels"], 0);
    const ProgramResult info = run({"info", out});
    EXPECT_EQ(info.exitCode, 0) << info.err;
    EXPECT_NE(info.out.find("not in an imported capture"), std::string::npos) << info.out;
    for (const char* command : {"heads", "drift"}) EXPECT_EQ(run({command, out}).exitCode, 0) << command;
    const ProgramResult same = run({"compare", out, out});
    EXPECT_NE(same.exitCode, 1) << same.out;  // not slower than itself
    EXPECT_NE(same.exitCode, 3) << same.err;
  }
}

TEST_F(ImportProgram, SaysWhatIsWrongInOneLine) {
  EXPECT_EQ(run({"import"}).exitCode, 3);
  const ProgramResult noOut = run({"import", kData + "tiny_triton.json.gz"});
  EXPECT_EQ(noOut.exitCode, 3);
  EXPECT_NE(noOut.err.find("--out is required"), std::string::npos) << noOut.err;
  EXPECT_EQ(run({"import", "missing.sqlite", "--out", "t.db"}).exitCode, 3);
  writeText(m_folder.path() / "t.db", "there already");
  EXPECT_EQ(run({"import", kData + "tiny_triton.json.gz", "--out", "t.db"}).exitCode, 3);
  EXPECT_EQ(readText(m_folder.path() / "t.db"), "there already");
  writeText(m_folder.path() / "rules.json", "{}");
  EXPECT_EQ(run({"import", kData + "tiny_triton.json.gz", "--out", "u.db", "--rules", "rules.json"}).exitCode,
            3);
}

TEST_F(ImportProgram, PrintsRulesThatItReads) {
  const ProgramResult rules = run({"import", "--print-rules"});
  ASSERT_EQ(rules.exitCode, 0);
  writeText(m_folder.path() / "rules.json", rules.out);
  const ProgramResult imported =
      run({"import", kData + "sd35_mi300x_cut.json.gz", "--out", "t.db", "--rules", "rules.json"});
  EXPECT_EQ(imported.exitCode, 0) << imported.err;
  EXPECT_NE(imported.out.find("6 attention calls in 2 steps and 3 layers"), std::string::npos)
      << imported.out;
}

}  // namespace
}  // namespace ditscope::tests
