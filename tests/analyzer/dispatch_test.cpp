// SPDX-License-Identifier: Apache-2.0
// `ditscope bench`, `ditscope collect`, `ditscope methods` and `ditscope gui` become the program beside
// ditscope, else the one on PATH.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/analyzer/run_program.h"

namespace ditscope::tests {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class Dispatch : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directory(m_installed);
    fs::create_directory(m_onPath);
    fs::copy_file(fs::path(DITSCOPE_BIN_DIR) / "ditscope", m_program);
  }

  static void writeScript(const fs::path& path, const std::string& body, bool executable = true) {
    writeText(path, "#!/bin/sh\n" + body + "\n");
    if (executable) fs::permissions(path, fs::perms::owner_all);
  }

  ProgramResult run(const std::vector<std::string>& arguments) const {
    return runProgram(m_program, arguments, m_folder.path(),
                      {"PATH=" + m_onPath.string() + "::/usr/bin:/bin"});
  }

  SpacedFolder m_folder;
  fs::path m_installed = m_folder.path() / "installed here";
  fs::path m_onPath = m_folder.path() / "on path";
  fs::path m_program = m_installed / "ditscope";
};

TEST_F(Dispatch, PassesArgumentsAndExitCodeOn) {
  writeScript(m_installed / "ditscope-collect", R"(printf '<%s>' "$@"; echo problem >&2; exit 42)");
  const ProgramResult result = run({"collect", "--model", "a b", "", "--help", "it's"});
  EXPECT_EQ(result.out, "<--model><a b><><--help><it's>");
  EXPECT_EQ(result.err, "problem\n");
  EXPECT_EQ(result.exitCode, 42);
}

TEST_F(Dispatch, MethodsIsACommandOfCollect) {
  writeScript(m_installed / "ditscope-collect", R"(printf '<%s>' "$@")");
  EXPECT_EQ(run({"methods", "topk", "--json"}).out, "<methods><topk><--json>");
  EXPECT_EQ(run({"methods"}).out, "<methods>");
}

TEST_F(Dispatch, PassesSignalsOn) {
  writeScript(m_installed / "ditscope-gui", "kill -TERM $$");
  EXPECT_EQ(run({"gui"}).exitCode, 128 + 15);
}

TEST_F(Dispatch, PrefersTheProgramBesideIt) {
  writeScript(m_installed / "ditscope-gui", "echo beside");
  writeScript(m_onPath / "ditscope-gui", "echo path");
  EXPECT_EQ(run({"gui"}).out, "beside\n");
}

TEST_F(Dispatch, FindsTheProgramOnPathPastWhatCannotRun) {
  writeScript(m_installed / "ditscope-gui", "echo beside", false);
  fs::create_directory(m_installed / "ditscope-collect");
  writeScript(m_onPath / "ditscope-gui", "echo path");
  writeScript(m_onPath / "ditscope-collect", "echo path");
  EXPECT_EQ(run({"gui"}).out, "path\n");
  EXPECT_EQ(run({"collect"}).out, "path\n");
}

TEST_F(Dispatch, DoesNotRunAProgramOfTheWorkingFolder) {
  writeScript(m_folder.path() / "ditscope-gui", "echo surprise");
  EXPECT_EQ(run({"gui"}).exitCode, 3);
}

TEST_F(Dispatch, NamesTheRemedyWhenTheProgramIsMissing) {
  for (const char* command : {"bench", "collect", "gui"}) {
    const ProgramResult result = run({command, "run.db"});
    EXPECT_EQ(result.exitCode, 3);
    EXPECT_EQ(result.out, "");
    EXPECT_THAT(result.err, HasSubstr(std::string("ditscope: ") + command + " : ditscope-" + command +
                                      " is neither beside"));
    EXPECT_THAT(result.err, HasSubstr("build DiTScope with"));
  }
}

TEST_F(Dispatch, SaysWhyAProgramCannotStart) {
  writeText(m_installed / "ditscope-gui",
            "\x7f"
            "ELF of nothing");
  fs::permissions(m_installed / "ditscope-gui", fs::perms::owner_all);
  const ProgramResult result = run({"gui"});
  EXPECT_EQ(result.exitCode, 4);
  EXPECT_THAT(result.err, HasSubstr("cannot start"));
}

}  // namespace
}  // namespace ditscope::tests
