// SPDX-License-Identifier: Apache-2.0
#include "collector/forward_command.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>

#include "db/error.h"
#include "tests/collector/golden_model.h"

namespace ditscope::collector {
namespace {

using ::testing::HasSubstr;

class ForwardCommand : public ::testing::TestWithParam<const char*> {
 protected:
  void run(const GoldenModel& model, std::vector<std::string> more = {}) const {
    CLI::App program;
    addForwardCommand(program);
    std::vector<std::string> arguments{"forward", "--model", model.folder().string(), "--inputs", inputs(),
                                       "--out",   out()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants them
    program.parse(arguments);
  }
  [[nodiscard]] std::string inputs() const { return (m_folder.path() / "in.safetensors").string(); }
  [[nodiscard]] std::string out() const { return (m_folder.path() / "out.safetensors").string(); }

  TemporaryFolder m_folder;
};

TEST_P(ForwardCommand, MatchesTheGoldenOutput) {
  const GoldenModel model(GetParam());
  writeSafetensors(inputs(), model.inputs);
  run(model, {"--taps"});
  const TensorMap results = readSafetensors(out());
  EXPECT_LE((results.at("out") - model.out).abs().max().item<double>(), 2e-5);
  EXPECT_EQ(results.size(), 3u);
  EXPECT_EQ(results.count("tap.1"), 1u);
}

TEST_P(ForwardCommand, InputsThatAreMissingOrDoNotFit) {
  const GoldenModel model(GetParam());
  for (const auto& [name, tensor] : model.inputs) {
    TensorMap fewer = model.inputs;
    fewer.erase(name);
    writeSafetensors(inputs(), fewer);
    try {
      run(model);
      FAIL() << name;
    } catch (const db::Error& error) {
      EXPECT_THAT(error.what(), HasSubstr("lacks the tensor " + name));
    }
    fewer[name] = at::ones({2, 3, 4, 5, 6, 7});
    writeSafetensors(inputs(), fewer);
    EXPECT_THROW(run(model), db::Error) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(All, ForwardCommand, ::testing::Values("dit_tiny", "wan_tiny"),
                         [](const auto& test) { return std::string(test.param); });

}  // namespace
}  // namespace ditscope::collector
