// SPDX-License-Identifier: Apache-2.0
// Errors are one line on stderr, "ditscope: what : why : what to do", nothing on stdout, and the promised
// code.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/analyzer/golden_trace.h"
#include "tests/analyzer/run_program.h"

namespace ditscope::tests {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

const std::filesystem::path kProgram = std::filesystem::path(DITSCOPE_BIN_DIR) / "ditscope";

class BadInput : public testing::Test {
 protected:
  void expectRefusal(const std::vector<std::string>& arguments, const std::string& word,
                     int exitCode = 3) const {
    const ProgramResult result = runProgram(kProgram, arguments, m_folder.path());
    EXPECT_EQ(result.exitCode, exitCode) << result.err;
    EXPECT_EQ(result.out, "");
    EXPECT_THAT(result.err, MatchesRegex("ditscope: [^\n]+ : [^\n]+ : [^\n]+\n"));
    EXPECT_THAT(result.err, HasSubstr(word));
  }
  std::string trace() const {
    writeGoldenTrace(m_folder.path() / "run.db");
    return "run.db";
  }
  SpacedFolder m_folder;
};

TEST_F(BadInput, MissingFile) {
  for (const char* command : {"info", "heads", "drift"})
    expectRefusal({command, "no such file.db"}, "no such file.db");
}

TEST_F(BadInput, NotATrace) {
  writeText(m_folder.path() / "notes.txt", std::string(5000, 'x'));
  writeText(m_folder.path() / "empty.db", "");
  std::filesystem::create_directory(m_folder.path() / "folder");
  for (const char* file : {"notes.txt", "empty.db", "folder"}) expectRefusal({"info", file}, file);
}

TEST_F(BadInput, TruncatedTrace) {
  const std::string whole = readText(m_folder.path() / trace());
  for (const size_t size :
       {size_t{60}, size_t{150}, whole.size() / 4, whole.size() / 2, whole.size() / 10 * 9}) {
    writeText(m_folder.path() / "cut.db", whole.substr(0, size));
    for (const char* command : {"info", "heads", "drift"}) expectRefusal({command, "cut.db"}, "cut.db");
  }
}

TEST_F(BadInput, UnknownStepsQuantitiesAndMethods) {
  const std::string file = trace();
  expectRefusal({"heads", file, "--step", "6"}, "steps 0 to 5");
  expectRefusal({"heads", file, "--sort", "speed"}, "lse_drift");
  expectRefusal({"heads", file, "--method", "topk"}, "use one of sparge, window");
  expectRefusal({"heads", file, "--choice", "?"}, "use one of dense, vertical_slash, window");
  expectRefusal({"drift", file, "--ref", "77"}, "reference step 77");
}

TEST_F(BadInput, CommandLine) {
  expectRefusal({"heads"}, "see ditscope heads --help");
  expectRefusal({"heads", "run.db", "--by", "colour"}, "colour");
  expectRefusal({"heads", "run.db", "--json", "--csv"}, "--csv");
  expectRefusal({"heads", "run.db", "--top", "0"}, "--top");
  expectRefusal({"info", "run.db", "--frobnicate"}, "--frobnicate");
  expectRefusal({"dance"}, "dance : there is no such command : see ditscope --help");
  expectRefusal({}, "no command is given");
}

TEST_F(BadInput, FullDiskBehindStandardOutputIsAFailure) {
  const std::string file = trace();
  const std::string shell = std::string("exec '") + kProgram.string() + "' info " + file + " >/dev/full";
  const ProgramResult result = runProgram("/bin/sh", {"-c", shell}, m_folder.path());
  EXPECT_EQ(result.exitCode, 4);
  EXPECT_THAT(result.err, HasSubstr("standard output : No space left on device"));
}

TEST(Help, NamesEveryCommandInOneLineAndGivesExamples) {
  const SpacedFolder folder;
  const ProgramResult help = runProgram(kProgram, {"--help"}, folder.path());
  EXPECT_EQ(help.exitCode, 0);
  for (const char* command : {"info", "heads", "drift", "collect", "gui"})
    EXPECT_THAT(help.out, HasSubstr(std::string("\n  ") + command));
  for (const char* command : {"info", "heads", "drift"}) {
    const ProgramResult result = runProgram(kProgram, {command, "--help"}, folder.path());
    EXPECT_EQ(result.exitCode, 0);
    EXPECT_THAT(result.out, HasSubstr("Example"));
    EXPECT_THAT(result.out, HasSubstr(std::string("ditscope ") + command + " run.db"));
  }
  EXPECT_THAT(runProgram(kProgram, {"--version"}, folder.path()).out,
              MatchesRegex("ditscope [0-9]+\\.[0-9]+\\.[0-9]+\n"));
}

}  // namespace
}  // namespace ditscope::tests
