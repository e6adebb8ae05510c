// SPDX-License-Identifier: Apache-2.0
// The program ditscope-collect as a user meets it: its output, its errors, Ctrl-C.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "db/error.h"
#include "db/trace_reader.h"
#include "run_models.h"
#include "temporary_folder.h"

namespace ditscope::collector {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

std::string contentOf(const std::filesystem::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

class RunProgram : public testing::Test {
 protected:
  void SetUp() override {
    writeTinyWan(model());
    m_out = m_folder.path() / "run.db";
  }
  [[nodiscard]] std::filesystem::path model() const { return m_folder.path() / "a model"; }

  pid_t start(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), DITSCOPE_BIN_DIR "/ditscope-collect");
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    const pid_t child = fork();
    if (child == 0) {
      if (!freopen((m_folder.path() / "stdout").c_str(), "w", stdout)) _exit(97);
      if (!freopen((m_folder.path() / "stderr").c_str(), "w", stderr)) _exit(98);
      execv(argv[0], argv.data());
      _exit(99);
    }
    return child;
  }

  int finish(pid_t child) {
    int status = 0;
    waitpid(child, &status, 0);
    m_stdout = contentOf(m_folder.path() / "stdout");
    m_stderr = contentOf(m_folder.path() / "stderr");
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

  int run(std::vector<std::string> arguments) { return finish(start(std::move(arguments))); }

  // Runs with bad input: exit code 3, nothing on stdout, one line on stderr.
  std::string refusal(std::vector<std::string> arguments) {
    EXPECT_EQ(run(std::move(arguments)), 3);
    EXPECT_EQ(m_stdout, "");
    EXPECT_EQ(std::count(m_stderr.begin(), m_stderr.end(), '\n'), 1) << m_stderr;
    EXPECT_THAT(m_stderr, StartsWith("ditscope: "));
    return m_stderr;
  }

  std::vector<std::string> with(std::vector<std::string> more) const {
    std::vector<std::string> arguments = {"--model", model().string(), "--out", m_out.string(), "--block",
                                          "32",      "--steps",        "2"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  TemporaryFolder m_folder;
  std::filesystem::path m_out;
  std::string m_stdout, m_stderr;
};

TEST_F(RunProgram, RecordsAndSaysSo) {
  ASSERT_EQ(run(with({"--label", "1"})), 0) << m_stderr;
  EXPECT_THAT(m_stdout, HasSubstr("2 steps, 2 layers x 2 heads, 300 tokens, density 1.000"));
  EXPECT_EQ(m_stderr, "") << "progress belongs on terminals";
  EXPECT_EQ(db::TraceReader(m_out).run().label, 1);
}

TEST_F(RunProgram, JsonIsOneObjectAndNothingElse) {
  ASSERT_EQ(run(with({"--json", "--method", "window:frames=1"})), 0) << m_stderr;
  const nlohmann::json json = nlohmann::json::parse(m_stdout);
  EXPECT_EQ(json.at("schema"), "ditscope.collect/1");
  EXPECT_EQ(json.at("steps"), 2);
  EXPECT_NEAR(json.at("density_qk").get<double>(), 0.64, 1e-6);
}

TEST_F(RunProgram, BadInputIsOneLine) {
  EXPECT_THAT(refusal({"--model", "/nowhere", "--out", m_out}), HasSubstr("/nowhere"));
  EXPECT_THAT(refusal({"--model", model(), "--steps", "2"}), HasSubstr("--out"));
  EXPECT_THAT(refusal(with({"--method", "magic"})), HasSubstr("dense, window, topk"));
  EXPECT_THAT(refusal(with({"--label", "3"})), HasSubstr("from 0 to 2"));
  EXPECT_THAT(refusal(with({"--layers", "0,2"})), HasSubstr("from 0 to 1"));
  EXPECT_THAT(refusal(with({"--layers", "1-x"})), HasSubstr("--layers 1-x"));
  EXPECT_THAT(refusal(with({"--size", "5,12"})), HasSubstr("FRAMES,ROWS,COLS"));
  EXPECT_THAT(refusal(with({"--size", "5,11,20"})), HasSubstr("multiples of the patch"));
  EXPECT_THAT(refusal(with({"--block", "48"})), HasSubstr("--block"));
  EXPECT_THAT(refusal(with({"--sampler", "ddim"})), HasSubstr("euler or unipc"));
  EXPECT_THAT(refusal(with({"--device", "cuda"})), HasSubstr("--device cpu"));
  EXPECT_THAT(refusal(with({"--prompt-embeds", "/nowhere.safetensors"})), HasSubstr("/nowhere.safetensors"));
  EXPECT_THAT(refusal({"--model", model(), "--out", "/nowhere/run.db"}), HasSubstr("/nowhere"));
  EXPECT_FALSE(std::filesystem::exists(m_out));
}

TEST_F(RunProgram, APlanIsSearchedAndObeyed) {
  const std::string plan = m_folder.path() / "plan.json";
  const std::vector<std::string> search = {"plan", "--model", model(), "--out",       plan, "--block",
                                           "32",   "--steps", "2",     "--threshold", "10"};
  ASSERT_EQ(run(search), 0) << m_stderr;
  EXPECT_THAT(refusal(search), HasSubstr("it is there already"));
  ASSERT_EQ(run(with({"--plan", plan, "--json", "--measure-overhead", "1"})), 0) << m_stderr;
  EXPECT_LT(nlohmann::json::parse(m_stdout).at("density_qk").get<double>(), 1);
  EXPECT_THAT(
      refusal({"--model", model(), "--out", m_folder.path() / "other.db", "--steps", "3", "--plan", plan}),
      HasSubstr("steps"));
}

TEST_F(RunProgram, ThresholdsAreCalibratedAndUsed) {
  const std::string file = m_folder.path() / "calibration.json";
  const int code = run(
      {"calibrate", "--model", model(), "--out", file, "--block", "32", "--steps", "2", "--seeds", "0,1"});
  if (code == 0) {
    EXPECT_EQ(run(with({"--method", "blasst:calibration=" + file + ",target=0.3"})), 0) << m_stderr;
  } else {  // random weights may leave too few points to fit; that must be said, and nothing be written
    EXPECT_EQ(code, 3);
    EXPECT_EQ(std::count(m_stderr.begin(), m_stderr.end(), '\n'), 1) << m_stderr;
    EXPECT_FALSE(std::filesystem::exists(file));
  }
  EXPECT_THAT(refusal({"calibrate", "--model", model(), "--out", "/nowhere/c.json"}), HasSubstr("/nowhere"));
}

TEST_F(RunProgram, AConfigurationIsObeyed) {
  const std::string file = m_folder.path() / "config.json";
  std::ofstream(file) << R"({"format": "ditscope.config", "version": 1,
    "model": {"class": "WanTransformer3DModel", "layers": 2, "heads": 2, "tokens": 300, "grid": [3, 5, 20]},
    "scheduler": {"name": "x", "steps": 2}, "block": {"q": 32, "k": 32},
    "defaults": {"method": "dense"},
    "overrides": [{"layers": [1], "heads": [0], "method": "window", "parameters": {"frames": 0}}]})";
  ASSERT_EQ(run({"--model", model(), "--out", m_out, "--config", file, "--json"}), 0) << m_stderr;
  const db::TraceReader trace(m_out);
  EXPECT_EQ(trace.run().nSteps, 2) << "the configuration's";
  for (const db::HeadRow& row : trace.heads({})) {
    if (row.layer >= 2) continue;  // cross attention
    const bool window = row.layer == 1 && row.head == 0;
    EXPECT_TRUE(!window || row.decision.method == "window");
    EXPECT_EQ(row.stats.densityQk < 1, window);
  }
  EXPECT_THAT(refusal({"--model", model(), "--out", m_out, "--overwrite", "--config", file, "--steps", "3"}),
              HasSubstr("--steps 2"));
}

TEST_F(RunProgram, AnExistingTraceIsKept) {
  std::ofstream(m_out) << "precious";
  EXPECT_THAT(refusal(with({})), HasSubstr("run.db"));
  EXPECT_EQ(contentOf(m_out), "precious");
  EXPECT_EQ(run(with({"--overwrite"})), 0) << m_stderr;
}

TEST_F(RunProgram, HelpShowsExamplesAndMethods) {
  ASSERT_EQ(run({"--help"}), 0);
  EXPECT_THAT(m_stdout,
              AllOf(HasSubstr("ditscope-collect --model demo-video --out run.db"), HasSubstr("rettention")));
}

#ifdef DITSCOPE_NVTX_LISTENER
TEST_F(RunProgram, NvtxShowsStepsLayersAndAttention) {
  const std::filesystem::path log = m_folder.path() / "ranges";
  setenv("NVTX_INJECTION64_PATH", DITSCOPE_NVTX_LISTENER, 1);
  setenv("DITSCOPE_NVTX_LOG", log.c_str(), 1);
  const int code = run(with({}));
  unsetenv("NVTX_INJECTION64_PATH");
  ASSERT_EQ(code, 0) << m_stderr;
  std::map<std::string, int> count;
  std::ifstream lines(log);
  for (std::string line; std::getline(lines, line);) ++count[line];
  EXPECT_EQ(count["0 ditscope step 1"], 1);
  EXPECT_EQ(count["1 ditscope layer 1"], 2 * 2);      // steps, branches
  EXPECT_EQ(count["2 ditscope attention 1"], 2 * 4);  // self and cross
  EXPECT_EQ(count["3 ditscope mask search 1"], 2 * 2);
  EXPECT_EQ(count.size(), 4u * 2u) << "steps or layers 0 and 1";
}
#endif

TEST_F(RunProgram, CtrlCLeavesAFinalisedTrace) {
  const pid_t child = start({"--model", model(), "--out", m_out, "--block", "32", "--steps", "1000"});
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  const auto recordedSteps = [this]() -> size_t {  // of a trace that is being written, or not there yet
    try {
      return db::TraceReader(m_out).steps().size();
    } catch (const db::Error&) {
      return 0;
    }
  };
  while (recordedSteps() < 2 && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  kill(child, SIGINT);
  ASSERT_EQ(finish(child), 0) << m_stderr;
  EXPECT_THAT(m_stdout, HasSubstr("stopped early"));
  const db::TraceReader trace(m_out);
  EXPECT_TRUE(trace.run().finalised);
  EXPECT_GE(trace.run().nSteps, 2);
  EXPECT_LT(trace.run().nSteps, 1000);
  EXPECT_EQ(trace.steps().size(), size_t(trace.run().nSteps));
  EXPECT_FALSE(std::filesystem::exists(m_out.string() + "-wal"));
}

}  // namespace
}  // namespace ditscope::collector
