// SPDX-License-Identifier: Apache-2.0
// export, import and diff as a person runs them: exit codes, the report of losses, recorded runs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "db/config_file.h"
#include "db/torch_file.h"
#include "tests/analyzer/golden_trace.h"
#include "tests/analyzer/run_program.h"
#include "tests/support/make_trace.h"

namespace ditscope::tests {
namespace {

using testing::HasSubstr;

const std::filesystem::path kProgram = std::filesystem::path(DITSCOPE_BIN_DIR) / "ditscope";

class Exchange : public testing::Test {
 protected:
  ProgramResult run(const std::vector<std::string>& arguments) const {
    return runProgram(kProgram, arguments, m_folder.path());
  }
  std::filesystem::path at(const char* name) const { return m_folder.path() / name; }
  void example() const {
    std::filesystem::copy_file(std::filesystem::path(DITSCOPE_SOURCE_DIR) / "docs/config.example.json",
                               at("config.json"));
  }
  void trace() const {
    makeSyntheticTrace(at("run.db"),
                       {.steps = 4, .layers = 2, .heads = 3, .grid = {4, 16, 16}, .denseSteps = 1});
  }
  SpacedFolder m_folder;
};

TEST_F(Exchange, LossesAreNamedAndStrictFails) {
  example();
  const ProgramResult lossy = run({"export", "config.json", "--to", "sparge", "--out", "x.pt"});
  EXPECT_EQ(lossy.exitCode, 0);
  EXPECT_THAT(lossy.err, HasSubstr("lost: method topk, written as dense: 16 heads\n"));
  EXPECT_EQ(run({"export", "config.json", "--to", "sparge", "--out", "x.pt", "--strict"}).exitCode, 1);
  EXPECT_EQ(run({"export", "config.json", "--to", "json", "--out", "x.json", "--strict"}).exitCode, 0);
  const ProgramResult json = run({"export", "config.json", "--to", "sparge", "--out", "x.pt", "--json"});
  EXPECT_EQ(json.err, "");
  const auto object = nlohmann::json::parse(json.out);
  EXPECT_EQ(object["schema"], "ditscope.export/1");
  EXPECT_GT(object["losses"].size(), 2U);
}

TEST_F(Exchange, ImportTakesTheModelFromARun) {
  trace();
  writeText(at("tau.json"), "[[0.9, 0.8, 1], [0.9, 0.9, 0.9]]");
  const ProgramResult result = run({"import", "tau.json", "--like", "run.db", "--out", "c.json"});
  EXPECT_EQ(result.exitCode, 0) << result.err;
  const db::SparsityConfig config = db::readConfig(at("c.json"));
  EXPECT_EQ(config.steps, 4);
  EXPECT_EQ(config.defaults.method, "xattention");
  EXPECT_EQ(config.resolve({3, 0, 2, db::Branch::Cond}).method, "dense");
  const ProgramResult alone = run({"import", "tau.json", "--out", "c.json"});
  EXPECT_EQ(alone.exitCode, 3);
  EXPECT_THAT(alone.err, HasSubstr("--like"));
}

TEST_F(Exchange, MasksOfARunBecomeTheArraysOfTheKernel) {
  trace();
  const ProgramResult result =
      run({"export", "run.db", "--to", "block-mask", "--step", "2", "--out", "m.pt"});
  EXPECT_EQ(result.exitCode, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("joined into 128 x 128"));
  const db::TorchTensorMap tensors = db::readTensorMap(at("m.pt"));
  EXPECT_EQ(tensors.size(), 12U);  // three arrays of two layers and two branches
  const db::TorchTensor& types = tensors.at("step.2.layer.1.cond.head_mask_type");
  EXPECT_EQ(types.dtype, db::TorchDType::I32);
  EXPECT_THAT(types.values, testing::ElementsAre(1, 2, 3));
  const db::TorchTensor& masks = tensors.at("step.2.layer.1.cond.base_blockmask");
  EXPECT_EQ(masks.dtype, db::TorchDType::Bool);
  EXPECT_THAT(masks.shape, testing::ElementsAre(1, 3, 8, 8));  // 1,024 tokens
  EXPECT_EQ(tensors.at("step.2.layer.1.cond.streaming_info").values.size(), 6U);

  const ProgramResult back = run({"import", "m.pt", "--like", "run.db", "--out", "c.json"});
  EXPECT_EQ(back.exitCode, 0) << back.err;
  const db::SparsityConfig config = db::readConfig(at("c.json"));
  EXPECT_EQ(config.resolve({2, 1, 0, db::Branch::Cond}).method, "topk");
  EXPECT_EQ(config.resolve({0, 1, 0, db::Branch::Cond}).method, "dense");  // not in the file
  EXPECT_EQ(run({"export", "run.db", "--to", "sparge", "--out", "x.pt"}).exitCode, 3);
}

TEST_F(Exchange, ARunBecomesATable) {
  trace();
  EXPECT_EQ(run({"export", "run.db", "--to", "csv", "--out", "run.csv"}).exitCode, 0);
  const std::string table = readText(at("run.csv"));
  EXPECT_EQ(std::ranges::count(table, '\n'), 1 + 4 * 2 * 3 * 2);
  EXPECT_THAT(table, HasSubstr(",0,0,0,cond,dense,"));
  EXPECT_THAT(table, HasSubstr(",3,1,2,uncond,topk,"));
  EXPECT_THAT(table, HasSubstr("density="));
}

TEST_F(Exchange, DiffAnswersLikeDiff) {
  example();
  EXPECT_EQ(run({"diff", "config.json", "config.json"}).exitCode, 0);
  db::SparsityConfig other = db::readConfig(at("config.json"));
  other.defaults.parameters["density"] = 0.1;
  db::writeConfig(at("other.json"), other);
  const ProgramResult text = run({"diff", "config.json", "other.json"});
  EXPECT_EQ(text.exitCode, 1);
  EXPECT_THAT(text.out, HasSubstr("topk density=0.25 -> density=0.1"));
  const ProgramResult json = run({"diff", "config.json", "other.json", "--json"});
  EXPECT_EQ(nlohmann::json::parse(json.out)["same"], false);
  EXPECT_EQ(run({"diff", "config.json", "missing.json"}).exitCode, 3);
}

TEST_F(Exchange, BadInputIsOneLine) {
  example();
  writeText(at("notes.txt"), "hello");
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {"export", "config.json", "--to", "nothing", "--out", "x"},
           {"export", "config.json", "--to", "block-mask", "--out", "x"},
           {"export", "config.json", "--to", "json", "--out", "no folder/x"},
           {"import", "notes.txt", "--like", "config.json", "--out", "x"},
           {"import", "notes.txt", "--from", "sta", "--like", "config.json", "--out", "x"},
           {"import", "missing", "--like", "config.json", "--out", "x"}}) {
    const ProgramResult result = run(arguments);
    EXPECT_EQ(result.exitCode, 3);
    EXPECT_EQ(result.out, "");
    EXPECT_THAT(result.err, testing::MatchesRegex("ditscope: [^\n]+ : [^\n]+ : [^\n]+\n"));
  }
}

}  // namespace
}  // namespace ditscope::tests
