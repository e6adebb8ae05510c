// SPDX-License-Identifier: Apache-2.0
// What the program prints about a known trace, byte for byte, against the files of tests/analyzer/golden.
// After a change that is meant: DITSCOPE_UPDATE_GOLDEN=1 ctest -R GoldenReports, then read the diff.
#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "tests/analyzer/golden_trace.h"
#include "tests/analyzer/run_program.h"

namespace ditscope::tests {
namespace {

const std::filesystem::path kProgram = std::filesystem::path(DITSCOPE_BIN_DIR) / "ditscope";
const std::filesystem::path kGoldenFolder =
    std::filesystem::path(DITSCOPE_SOURCE_DIR) / "tests/analyzer/golden";

struct Report {
  std::string golden;
  std::vector<std::string> arguments;
};

void PrintTo(const Report& report, std::ostream* out) {
  *out << report.golden;
}

class GoldenReports : public testing::TestWithParam<Report> {};

TEST_P(GoldenReports, AreUnchanged) {
  const SpacedFolder folder;
  writeGoldenTrace(folder.path() / "run.db");
  writeUnhealthyTrace(folder.path() / "cut short.db");
  const ProgramResult result = runProgram(kProgram, GetParam().arguments, folder.path());
  ASSERT_EQ(result.exitCode, 0) << result.err;
  EXPECT_EQ(result.err, "");
  const std::filesystem::path golden = kGoldenFolder / GetParam().golden;
  if (std::getenv("DITSCOPE_UPDATE_GOLDEN") != nullptr) writeText(golden, result.out);
  EXPECT_EQ(result.out, readText(golden)) << golden;
  if (golden.extension() == ".json") {
    const auto json = nlohmann::json::parse(result.out);
    EXPECT_EQ(json.at("schema"), "ditscope." + GetParam().arguments.front() + "/1");
  }
}

INSTANTIATE_TEST_SUITE_P(
    Program, GoldenReports,
    testing::Values(Report{"info.txt", {"info", "run.db"}}, Report{"info.json", {"info", "run.db", "--json"}},
                    Report{"info_cut_short.txt", {"info", "cut short.db"}},
                    Report{"info_cut_short.json", {"info", "--json", "cut short.db"}},
                    Report{"heads.txt", {"heads", "run.db"}},
                    Report{"heads_by_layer.json", {"heads", "run.db", "--by", "layer", "--json"}},
                    Report{"heads_by_step.txt", {"heads", "run.db", "--by", "step"}},
                    Report{"heads_worst.txt",
                           {"heads", "run.db", "--sort", "recall_p01", "--top", "3", "--ascii"}},
                    Report{"heads_one_step.txt", {"heads", "run.db", "--step", "4", "--sort", "error_l1"}},
                    Report{"heads.csv", {"heads", "run.db", "--csv"}},
                    Report{"heads_of_choice.txt",
                           {"heads", "run.db", "--method", "sparge", "--choice", "vertical_slash"}},
                    Report{"drift.txt", {"drift", "run.db"}},
                    Report{"drift.csv", {"drift", "run.db", "--csv"}},
                    Report{"drift_ref.txt", {"drift", "run.db", "--ref", "2", "--top", "4"}},
                    Report{"drift_ref.json", {"drift", "run.db", "--ref", "2", "--json"}}),
    [](const auto& report) {
      std::string name = report.param.golden;
      for (char& c : name)
        if (c == '.') c = '_';
      return name;
    });

TEST(Program, UsesColourOnATerminalUnlessToldNotTo) {
  const SpacedFolder folder;
  writeUnhealthyTrace(folder.path() / "run.db");
  const auto hasColour = [](const ProgramResult& result) {
    EXPECT_EQ(result.exitCode, 0) << result.out;
    return result.out.find('\x1b') != std::string::npos;
  };
  for (const char* command : {"info", "heads", "drift"}) {
    const std::vector<std::string> arguments{command, "run.db"};
    EXPECT_TRUE(hasColour(runOnTerminal(kProgram, arguments, folder.path(), {"TERM=xterm"})));
    EXPECT_FALSE(hasColour(runOnTerminal(kProgram, arguments, folder.path(), {"TERM=xterm", "NO_COLOR=1"})));
    EXPECT_FALSE(hasColour(runOnTerminal(kProgram, arguments, folder.path(), {"TERM=dumb"})));
    EXPECT_FALSE(hasColour(runProgram(kProgram, arguments, folder.path(), {"TERM=xterm"})));
  }
}

TEST(Program, PrintsNoBlockCharactersWithoutUtf8) {
  const SpacedFolder folder;
  writeGoldenTrace(folder.path() / "run.db");
  for (const char* command : {"info", "heads", "drift"}) {
    const ProgramResult result = runProgram(kProgram, {command, "run.db"}, folder.path(), {"LC_ALL=C"});
    EXPECT_EQ(result.exitCode, 0);
    for (const char c : result.out) ASSERT_LT(static_cast<unsigned char>(c), 0x80U) << result.out;
  }
}

}  // namespace
}  // namespace ditscope::tests
