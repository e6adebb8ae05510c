// SPDX-License-Identifier: Apache-2.0
// The command line of ditscope-bench: what it prints, what it writes, what it refuses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "collector/bench/bench_command.h"
#include "db/error.h"
#include "db/trace_reader.h"
#include "temporary_folder.h"

namespace ditscope::collector::bench {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class BenchProgram : public testing::Test {
 protected:
  static std::string output(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--rounds", "2", "--threads", "1", "--density", "0.5"});
    CLI::App program;
    const auto command = addBenchCommand(program);
    std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants them
    program.parse(arguments);
    testing::internal::CaptureStdout();
    try {
      command();
    } catch (...) {
      (void)testing::internal::GetCapturedStdout();
      throw;
    }
    return testing::internal::GetCapturedStdout();
  }

  static std::string refusal(std::vector<std::string> arguments) {
    try {
      output(std::move(arguments));
    } catch (const db::Error& error) {
      EXPECT_EQ(error.kind(), db::Error::Kind::BadInput);
      return error.what();
    }
    return "accepted";
  }

  [[nodiscard]] std::string trace() const { return (m_folder.path() / "bench.db").string(); }

  TemporaryFolder m_folder;
};

TEST_F(BenchProgram, PrintsATableForEachShape) {
  const std::string text = output({"--shape", "1,1,128,16", "--shape", "1,2,100,24"});
  EXPECT_THAT(text, HasSubstr("2 rounds, times are processor time of the thread"));
  EXPECT_THAT(text, HasSubstr("1x1x128x16"));
  EXPECT_THAT(text, HasSubstr("1x2x100x24"));
  for (const char* name : {"fma-peak", "ditscope-f32-bits-gap", "ditscope-f32-log-mass", "ditscope-bf16",
                           "ditscope-f16", "ditscope-bf16-density-0.5", "ditscope-f16-density-0.5",
                           "ditscope-f32-density-0.5", "plan-density-0.5", "libtorch-unfused", "flash-loop"})
    EXPECT_THAT(text, HasSubstr(name));
}

TEST_F(BenchProgram, JsonIsOneObjectAndNothingElse) {
  const nlohmann::json json = nlohmann::json::parse(output({"--json", "--shape", "1,1,128,16"}));
  EXPECT_EQ(json.at("schema"), "ditscope.bench/1");
  EXPECT_EQ(json.at("rounds"), 2);
  ASSERT_EQ(json.at("shapes").size(), 1u);
  EXPECT_EQ(json["shapes"][0].at("tokens"), 128);
  for (const nlohmann::json& row : json["shapes"][0].at("contenders"))
    EXPECT_LE(row.at("p10_ms").get<double>(), row.at("p90_ms").get<double>()) << row;
}

TEST_F(BenchProgram, WritesEveryCallIntoATrace) {
  EXPECT_EQ(output({"--quiet", "--shape", "1,1,128,16", "--out", trace()}), "");
  const db::TraceReader reader(trace());
  EXPECT_EQ(reader.run().source, "bench");
  EXPECT_TRUE(reader.run().finalised);
  const auto configs = reader.launchConfigs();
  ASSERT_FALSE(configs.empty());
  EXPECT_EQ(configs[0].name, "fma-peak 1x1x128x16 t1 b64");
  std::vector<int> warm(configs.size()), counted(configs.size());
  reader.forEachKernel([&](const db::Kernel& kernel) {
    auto& calls = (kernel.flags & db::kWarmup) != 0 ? warm : counted;
    ++calls.at(size_t(kernel.configId) - 1);
  });
  EXPECT_THAT(warm, testing::Each(1));
  EXPECT_THAT(counted, testing::Each(2));
}

TEST_F(BenchProgram, RecordsWhatMovesTimes) {
  output({"--quiet", "--shape", "1,1,128,16", "--only", "ditscope-f32", "--out", trace()});
  const db::TraceReader reader(trace());
  std::map<std::string, std::string> facts;
  for (const db::Circumstance& fact : reader.circumstances()) facts[fact.name] = fact.value;
  for (const char* name :
       {"clock_policy", "compiler", "os", "affinity", "load_start", "load_end", "stolen_time"})
    EXPECT_TRUE(facts.contains(name)) << name;
  EXPECT_EQ(facts["cache"], "hot");
  EXPECT_EQ(facts["stop 1x1x128x16 t1 b64"], "rounds after 2 rounds");
  EXPECT_EQ(reader.deviceClocks().size(), size_t(reader.kernelCount())) << "one after every call";
  std::vector<std::string> names;
  for (const db::LaunchConfig& config : reader.launchConfigs()) names.push_back(config.name);
  EXPECT_THAT(names, testing::Each(testing::AnyOf(StartsWith("fma-peak"), StartsWith("ditscope-f32"))));
}

TEST_F(BenchProgram, RefusesInOneLine) {
  EXPECT_THAT(
      refusal({"--shape", "1,1,64,16", "--only", "nobody"}),
      StartsWith("--only : no contender has that in its name : use parts of fma-peak, ditscope-f32, "));
  EXPECT_THAT(refusal({"--shape", "1,1,64,16", "--slow-down", "ditscope"}), HasSubstr("NAME=PERCENT"));
  EXPECT_THAT(refusal({"--shape", "1,2,3"}),
              StartsWith("--shape 1,2,3 : is not four whole numbers : write "));
  EXPECT_THAT(refusal({"--shape", "1,1,64,512"}), HasSubstr("heads wider than 256"));
  output({"--quiet", "--shape", "1,1,64,16", "--out", trace()});
  EXPECT_THAT(refusal({"--shape", "1,1,64,16", "--out", trace()}), HasSubstr("bench.db"));
  EXPECT_EQ(output({"--quiet", "--overwrite", "--shape", "1,1,64,16", "--out", trace()}), "");
}

}  // namespace
}  // namespace ditscope::collector::bench
