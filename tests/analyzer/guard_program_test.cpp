// SPDX-License-Identifier: Apache-2.0
// `ditscope compare` as a program: exit codes, its reports, and files that it refuses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/analyzer/guard_traces.h"
#include "tests/analyzer/run_program.h"

namespace ditscope::tests {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

class CompareProgram : public testing::Test {
 protected:
  ProgramResult run(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "compare");
    return runProgram(std::filesystem::path(DITSCOPE_BIN_DIR) / "ditscope", arguments, m_folder.path());
  }
  void write(const std::string& name, std::vector<KernelSpec> kernels, uint64_t seed) const {
    KernelTrace trace;
    trace.kernels = std::move(kernels);
    trace.seed = seed;
    writeKernelTrace(m_folder.path() / name, trace);
  }
  void writeSides(double slowdown) const {
    for (uint64_t i = 1; i <= 3; ++i) {
      write("base" + std::to_string(i) + ".db", {{.name = "flash"}, {.name = "gemm"}}, i);
      write("new" + std::to_string(i) + ".db", {{.name = "flash", .ns = 2e6 * slowdown}, {.name = "gemm"}},
            10 + i);
    }
  }
  const std::vector<std::string> m_all{"base1.db", "base2.db", "base3.db", "--",
                                       "new1.db",  "new2.db",  "new3.db"};
  SpacedFolder m_folder;
};

TEST_F(CompareProgram, ExitCodes) {
  writeSides(1.05);
  EXPECT_EQ(run(m_all).exitCode, 1);
  EXPECT_EQ(run({"base1.db", "base2.db", "--", "base3.db"}).exitCode, 0);
  write("noisy.db", {{.name = "flash", .noise = 0.3}}, 4);
  EXPECT_EQ(run({"noisy.db", "base1.db"}).exitCode, 2);
  EXPECT_EQ(run({"noisy.db", "base1.db", "--unclear-passes"}).exitCode, 0);
  EXPECT_EQ(run({"base1.db", "new1.db", "--unclear-passes"}).exitCode, 1);
  EXPECT_EQ(run({"base1.db", "nowhere.db"}).exitCode, 3);
  EXPECT_EQ(run({"new1.db", "new2.db", "new3.db", "--", "base1.db", "base2.db", "base3.db"}).exitCode, 0)
      << "faster is no regression";
}

TEST_F(CompareProgram, SaysWhatGotSlower) {
  writeSides(1.05);
  const ProgramResult result = run(m_all);
  EXPECT_EQ(result.err, "");
  EXPECT_THAT(result.out, HasSubstr("base 3 runs: base1.db (0123456789) base2.db"));
  EXPECT_THAT(result.out, HasSubstr("\nSLOWER: 1 of 2 kernels got slower"));
  EXPECT_THAT(result.out, HasSubstr("base: 126 launches, set aside: 6 warm-up"));
  EXPECT_THAT(result.out, HasSubstr("beyond the 1.0 % that matter at 2.00 ms"));
  EXPECT_THAT(result.out, HasSubstr("1 SLOWER, 0 FASTER, 0 UNCLEAR, 1 SAME"));
  EXPECT_THAT(result.out, Not(HasSubstr("gemm"))) << "what stayed the same is counted";
  EXPECT_THAT(run({"--all", "base1.db", "base2.db"}).out, HasSubstr("gemm"));
}

TEST_F(CompareProgram, JsonHoldsTheNumbersAndIsTheSameForASeed) {
  writeSides(1.05);
  std::vector<std::string> arguments = m_all;
  arguments.insert(arguments.end(), {"--json", "--seed", "7"});
  const ProgramResult result = run(arguments);
  const auto json = nlohmann::json::parse(result.out);
  EXPECT_EQ(json.at("schema"), "ditscope.compare/1");
  EXPECT_EQ(json.at("verdict"), "SLOWER");
  EXPECT_EQ(json.at("certainty"), "certain");
  EXPECT_EQ(json.at("exit_code"), result.exitCode);
  EXPECT_EQ(json.at("rule").at("seed"), 7);
  const auto& series = json.at("series").at(0);
  EXPECT_EQ(series.at("key").at("kernel"), "flash");
  EXPECT_NEAR(series.at("shift"), 0.05, 0.002);
  EXPECT_LT(series.at("interval").at(0), series.at("shift"));
  EXPECT_LT(series.at("q"), 0.05);
  EXPECT_EQ(series.at("base").at("samples"), 60);
  EXPECT_EQ(series.at("base").at("each_run").size(), 3U);
  EXPECT_LT(series.at("base").at("each_run").at(2).at("q1_ns"),
            series.at("base").at("each_run").at(2).at("p99_ns"));
  EXPECT_EQ(series.at("base").at("screening").at("warmup"), 3);
  EXPECT_EQ(run(arguments).out, result.out) << "same seed, same bytes";
  arguments.back() = "8";
  EXPECT_NE(run(arguments).out, result.out);
}

TEST_F(CompareProgram, MarkdownCannotBeWrittenByNamesOfKernels) {
  const std::string name = "evil|`</code><script>alert(1)</script>\n# head @team [x](http://y)";
  write("base1.db", {{.name = name}}, 1);
  write("new1.db", {{.name = name, .ns = 3e6}}, 2);
  const ProgramResult result = run({"base1.db", "new1.db", "--markdown", "summary.md"});
  EXPECT_EQ(result.exitCode, 1);
  const std::string text = readText(m_folder.path() / "summary.md");
  EXPECT_THAT(text, HasSubstr("### Kernel times: likely SLOWER"));
  EXPECT_THAT(text, HasSubstr("**SLOWER: 1 kernel**"));
  for (const char* markup : {"<script", "</code><", "\n# head", "@team", "[x]", "evil|"})
    EXPECT_THAT(text, Not(HasSubstr(markup)));
  EXPECT_EQ(run({"base1.db", "new1.db", "--markdown", "-"}).out, text);
}

TEST_F(CompareProgram, CommandLine) {
  writeSides(1);
  const auto refuses = [&](const std::vector<std::string>& arguments, const char* why) {
    const ProgramResult result = run(arguments);
    EXPECT_EQ(result.exitCode, 3);
    EXPECT_THAT(result.err, MatchesRegex("ditscope: [^\n]+ : [^\n]+ : [^\n]+\n"));
    EXPECT_THAT(result.err, HasSubstr(why));
  };
  refuses({"base1.db"}, "1 files are given and no --");
  refuses({"base1.db", "base2.db", "new1.db"}, "3 files are given and no --");
  refuses({"base1.db", "--"}, "a side has no file");
  refuses({"base1.db", "--", "new1.db", "--", "new2.db"}, "more than one --");
  refuses({"base1.db", "new1.db", "--across", "planets"}, "--across");
  refuses({"base1.db", "new1.db", "--clear-share", "2"}, "--clear-share");
  write("empty.db", {}, 1);
  refuses({"base1.db", "empty.db"}, "it has no kernel launches");
  EXPECT_THAT(run({"--help"}).out, HasSubstr("Examples"));
  EXPECT_EQ(run({"--json", "base1.db", "--", "new1.db", "--clear-share", "0"}).exitCode, 0)
      << "options are options on both sides of --";
}

}  // namespace
}  // namespace ditscope::tests
