// SPDX-License-Identifier: Apache-2.0
// `ditscope history` as a program.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/analyzer/guard_traces.h"
#include "tests/analyzer/run_program.h"

namespace ditscope::tests {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::StartsWith;

class HistoryProgram : public testing::Test {
 protected:
  ProgramResult run(std::vector<std::string> arguments, const char* command = "history") const {
    arguments.insert(arguments.begin(), command);
    return runProgram(std::filesystem::path(DITSCOPE_BIN_DIR) / "ditscope", arguments, m_folder.path());
  }
  // run<i>.db, a day apart, slower from the run `from` on.
  void write(int runs, int from) const {
    for (int i = 0; i < runs; ++i) {
      KernelTrace trace;
      trace.kernels = {{.name = "flash", .ns = i < from ? 2e6 : 2.2e6, .count = 16}};
      trace.seed = uint64_t(i) + 1;
      trace.run = [i](db::Run& run) {
        run.uuid = "00000000-0000-4000-8000-" + std::to_string(100'000'000'000 + i);
        run.startedUtcNs = 1'767'225'600'000'000'000 + i * 86'400'000'000'000;
        run.gitCommit = std::string(1, char('a' + i)) + "0123456789";
      };
      writeKernelTrace(m_folder.path() / ("run" + std::to_string(i) + ".db"), trace);
    }
  }
  std::vector<std::string> all(int runs) const {
    std::vector<std::string> arguments{"add", "k.hist", "--branch", "main"};
    for (int i = 0; i < runs; ++i) arguments.push_back("run" + std::to_string(i) + ".db");
    return arguments;
  }
  SpacedFolder m_folder;
};

TEST_F(HistoryProgram, FromRunsToAnAcceptedChange) {
  write(12, 6);
  const ProgramResult added = run(all(12));
  EXPECT_EQ(added.exitCode, 0) << added.err;
  EXPECT_THAT(added.out, StartsWith("run 1: 1 point of run0.db, a012345678 on main\n"));
  EXPECT_THAT(run({"add", "k.hist", "run0.db"}).out, "run0.db is there already\n");

  const ProgramResult list = run({"list", "k.hist", "--check"});
  EXPECT_EQ(list.exitCode, 1);
  EXPECT_THAT(list.out, HasSubstr("SLOWER +"));
  EXPECT_THAT(list.out, HasSubstr("(run 7, g012345678): git bisect start g0123456789 f0123456789"));
  const auto json = nlohmann::json::parse(run({"list", "k.hist", "--json"}).out);
  EXPECT_EQ(json.at("schema"), "ditscope.history/1");
  EXPECT_EQ(json.at("series").at(0).at("points").size(), 12U);
  EXPECT_EQ(json.at("series").at(0).at("changes").at(0).at("run"), 7);
  EXPECT_NEAR(json.at("series").at(0).at("changes").at(0).at("change"), 0.1, 0.01);

  EXPECT_EQ(run({"accept", "k.hist", "--series", "1", "--run", "7", "--note", "exact"}).exitCode, 0);
  EXPECT_EQ(run({"list", "k.hist", "--check"}).exitCode, 0);
  EXPECT_THAT(run({"list", "k.hist"}).out, HasSubstr("accepted +"));
  EXPECT_EQ(run({"accept", "k.hist", "--series", "1", "--run", "7", "--remove"}).exitCode, 0);
  EXPECT_EQ(run({"reject", "k.hist", "--series", "1", "--run", "7"}).exitCode, 0);
  EXPECT_EQ(run({"list", "k.hist", "--check"}).exitCode, 0);
}

TEST_F(HistoryProgram, BaselinesFeedCompare) {
  write(6, 5);
  run(all(6));
  EXPECT_EQ(run({"baseline", "k.hist", "release", "--branch", "main", "--last", "3"}).exitCode, 0);
  EXPECT_EQ(run({"baseline", "k.hist", "first", "--commit", "a0123"}).exitCode, 0);
  EXPECT_EQ(run({"baseline", "k.hist", "release", "--branch", "main", "--files"}).out,
            "run3.db\nrun4.db\nrun5.db\n");
  EXPECT_THAT(run({"baseline", "k.hist"}).out, HasSubstr("release on main\n  run 4  2026-01-04"));
  run({"baseline", "k.hist", "early", "--commit", "b0123"});
  std::string file = run({"baseline", "k.hist", "early", "--files"}).out;
  file.pop_back();
  EXPECT_EQ(run({file, "--", "run5.db"}, "compare").exitCode, 1) << file;
  EXPECT_EQ(run({"baseline", "k.hist", "first", "--remove"}).exitCode, 0);
  EXPECT_EQ(run({"baseline", "k.hist", "first"}).exitCode, 3);
}

TEST_F(HistoryProgram, PlotsAndExports) {
  write(12, 6);
  run(all(12));
  EXPECT_THAT(run({"plot", "k.hist"}).out, HasSubstr("●"));
  EXPECT_EQ(run({"plot", "k.hist", "--svg", "p.svg"}).out, "1 chart of 1 series in p.svg\n");
  EXPECT_THAT(readText(m_folder.path() / "p.svg"), StartsWith("<svg"));
  EXPECT_EQ(run({"export", "k.hist", "--out", "k.csv", "--config", "otava.yaml"}).exitCode, 0);
  EXPECT_THAT(readText(m_folder.path() / "k.csv"), StartsWith("time,commit,branch,series_1"));
  EXPECT_THAT(readText(m_folder.path() / "otava.yaml"), HasSubstr("file: \"k.csv\""));
}

TEST_F(HistoryProgram, RefusesInOneLine) {
  write(1, 1);
  run(all(1));
  const auto refuses = [&](const std::vector<std::string>& arguments, const char* why) {
    const ProgramResult result = run(arguments);
    EXPECT_EQ(result.exitCode, 3) << why;
    EXPECT_THAT(result.err, MatchesRegex("ditscope: [^\n]+ : [^\n]+ : [^\n]+\n"));
    EXPECT_THAT(result.err, HasSubstr(why));
  };
  refuses({}, "subcommand is required");
  refuses({"list", "nowhere.hist"}, "cannot be opened");
  refuses({"list", "run0.db"}, "not a DiTScope history");
  refuses({"list", "k.hist", "--kernel", "nobody"}, "no series is of what was asked for");
  refuses({"accept", "k.hist", "--series", "1", "--run", "9"}, "no point of it");
  refuses({"baseline", "k.hist", "--last", "2"}, "no name is given");
  EXPECT_THAT(run({"--help"}).out, HasSubstr("Examples"));
  EXPECT_THAT(run({"list", "--help"}).out, HasSubstr("--check"));
}

}  // namespace
}  // namespace ditscope::tests
