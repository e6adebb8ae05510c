// SPDX-License-Identifier: Apache-2.0
// The configuration file: what is written is read, what is wrong is named by file and JSON path, the table
// gives what walking the lists gives, and the published schema knows the keys that the reader knows.
#include "db/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <set>

#include "db/config_file.h"
#include "db/config_keys.h"
#include "db/error.h"
#include "tests/db/random_config.h"
#include "tests/support/temp_dir.h"

namespace ditscope::db {
namespace {

using std::filesystem::path;
using ::testing::AllOf;
using ::testing::HasSubstr;

std::string load(const path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

path docs(const char* name) {
  return path(DITSCOPE_SOURCE_DIR) / "docs" / name;
}

TEST(Config, TheExampleIsReadAndWrittenAsItStands) {
  const SparsityConfig config = readConfig(docs("config.example.json"));
  EXPECT_EQ(configText(config), load(docs("config.example.json")));
  EXPECT_EQ(config.model.className, "WanTransformer3DModel");
  EXPECT_EQ(config.model.grid.frames, 8);
  EXPECT_EQ(config.guidance, 3);
  EXPECT_EQ(config.extensions.at("x-note"), "\"keys that begin with x- are kept\"");
  EXPECT_EQ(config.resolve({4, 1, 0, Branch::Cond}).method, "topk");
  EXPECT_EQ(config.resolve({4, 5, 0, Branch::Cond}).method, "dense");
  const MethodChoice& window = config.resolve({4, 5, 0, Branch::Uncond});
  EXPECT_EQ(window.method, "window");
  EXPECT_EQ(std::get<double>(window.parameters.at("width")), 3);
  EXPECT_EQ(std::get<bool>(window.parameters.at("wrap")), false);
  EXPECT_EQ(window.expected.timeNs, 41'000);
  EXPECT_EQ(config.kindOf({0, 0, 0, Branch::Cond}), StepKind::Dense);
  EXPECT_EQ(config.kindOf({9, 2, 3, Branch::Cond}), StepKind::Reuse);
  EXPECT_EQ(config.kindOf({9, 1, 3, Branch::Cond}), StepKind::Sparse);
}

TEST(Config, RandomOnesAreReadAsTheyWereWritten) {
  const tests::TempDir folder;
  tests::Random random(5);
  for (int round = 0; round < 200; ++round) {
    const SparsityConfig config = tests::randomConfig(random);
    writeConfig(folder / "c.json", config);
    ASSERT_EQ(readConfig(folder / "c.json"), config) << load(folder / "c.json");
    ASSERT_EQ(configText(readConfig(folder / "c.json")), load(folder / "c.json"));
  }
  EXPECT_FALSE(std::filesystem::exists(folder / "c.json.part"));
}

TEST(Config, TheTableGivesWhatTheListsGive) {
  tests::Random random(6);
  for (int round = 0; round < 100; ++round) {
    const SparsityConfig config = tests::randomConfig(random);
    const ConfigTable table(config);
    for (int32_t step = 0; step < config.steps; ++step) {
      for (int32_t layer = 0; layer < config.model.layers; ++layer) {
        for (int32_t head = 0; head < config.model.heads; ++head) {
          for (const Branch branch : {Branch::Cond, Branch::Uncond}) {
            const Cell cell{step, layer, head, branch};
            ASSERT_EQ(table.resolve(cell), config.resolve(cell));
            ASSERT_EQ(table.kindOf(cell), config.kindOf(cell));
          }
        }
      }
    }
    EXPECT_THROW((void)table.resolve({config.steps, 0, 0, Branch::Cond}), std::out_of_range);
    EXPECT_THROW((void)table.resolve({0, -1, 0, Branch::Cond}), std::out_of_range);
    EXPECT_THROW((void)table.kindOf({0, 0, config.model.heads, Branch::Cond}), std::out_of_range);
  }
}

// 50 steps x 60 layers x 40 heads, each cell with an override of its own.
TEST(Config, AVideoModelWithAnOverrideACellStaysQuick) {
  SparsityConfig config = readConfig(docs("config.example.json"));
  config.schedule.clear();
  config.overrides.clear();
  config.steps = 50;
  config.model.layers = 60;
  config.model.heads = 40;
  for (int32_t i = 0; i < 50 * 60 * 40; ++i) {
    const int32_t step = i / 2400;
    const int32_t layer = i / 40 % 60;
    const int32_t head = i % 40;
    config.overrides.push_back(
        {{.steps = IndexRange{step, step}, .layers = {{layer, layer}}, .heads = {{head, head}}},
         {.method = "topk", .parameters = {{"density", i / 120'000.0}}}});
  }
  const std::string text = configText(config);
  const auto start = std::chrono::steady_clock::now();
  const ConfigTable table(parseConfig(text, "c.json"));
  double sum = 0;
  for (int32_t i = 0; i < 50 * 60 * 40; ++i)
    sum += std::get<double>(
        table.resolve({i / 2400, i / 40 % 60, i % 40, Branch::Uncond}).parameters.at("density"));
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  EXPECT_NEAR(sum, 59'999.5, 1e-6);
  EXPECT_LT(seconds, 30);  // 1 s on an idle machine; what would be quadratic takes minutes
}

struct Wrong {
  const char* from;  // in the example
  const char* to;
  const char* complaint;
};

class WrongConfig : public ::testing::TestWithParam<Wrong> {};

TEST_P(WrongConfig, IsRefusedWithFileAndPath) {
  std::string text = load(docs("config.example.json"));
  const size_t at = text.find(GetParam().from);
  ASSERT_NE(at, std::string::npos) << GetParam().from;
  text.replace(at, std::string(GetParam().from).size(), GetParam().to);
  try {
    (void)parseConfig(text, "run.json");
    FAIL() << GetParam().to;
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Error::Kind::BadInput);
    EXPECT_THAT(error.what(), AllOf(HasSubstr("cannot read run.json : "), HasSubstr(GetParam().complaint),
                                    HasSubstr(" : correct the file, docs/config.schema.json describes it")));
    EXPECT_EQ(std::string(error.what()).find_first_of("\n\x1b"), std::string::npos);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Config, WrongConfig,
    ::testing::Values(
        Wrong{"\"heads\": [0]", "\"heads\": [44]",
              "/overrides/1/heads/0: it must be a whole number from 0 to 3"},
        Wrong{"\"4-5\"", "\"4-6\"", "/overrides/1/layers/1: it must lie between 0 and 5"},
        Wrong{"\"4-5\"", "\"5-4\"", "/overrides/1/layers/1: the range ends before it begins"},
        Wrong{"\"4-5\"", "\"4-5 \"", "/overrides/1/layers/1: it must be an index or a range like \"4-9\""},
        Wrong{"\"4-5\"", "\"4--5\"", "/overrides/1/layers/1: it must"},
        Wrong{"\"4-5\"", "\"99999999999999999999-5\"", "/overrides/1/layers/1: it must"},
        Wrong{"\"4-5\"", "2.5", "/overrides/1/layers/1: it must be a whole number"},
        Wrong{"[2, \"4-5\"]", "[]", "/overrides/1/layers: it is empty"},
        Wrong{"[4, 19]", "[4, 20]", "/overrides/1/steps/1: it must be a whole number from 4 to 19"},
        Wrong{"[4, 19]", "[4]", "/overrides/1/steps: it must have 2 entries"},
        Wrong{"[4, 19]", "\"4-19\"", "/overrides/1/steps: it must be a list"},
        Wrong{"uncond", "both", "/overrides/1/branch: it must be one of cond, uncond"},
        Wrong{"\"reuse\"", "\"rest\"", "/schedule/1/kind: it must be one of sparse, dense, search, reuse"},
        Wrong{"\"method\": \"window\"", "\"metod\": \"window\"", "/overrides/1/metod: there is no such key"},
        Wrong{"\"method\": \"window\", ", "", "/overrides/1: the key \"method\" is missing"},
        Wrong{"\"width\": 3", "\"width\": [3]", "/overrides/1/parameters/width: a parameter must be"},
        Wrong{"\"width\": 3", "\"width\": null", "/overrides/1/parameters/width: a parameter must be"},
        Wrong{"\"width\": 3", "\"\": 3", "/overrides/1/parameters/: its name is empty"},
        Wrong{"0.981", "1.5", "/overrides/1/expected/recall: it must be a number from 0 to 1"},
        Wrong{"41000", "4.5", "/overrides/1/expected/time_ns: it must be a whole number"},
        Wrong{"\"wrap\": false", "\"width\": 4", "/overrides/1/parameters/width: the key appears twice"},
        Wrong{"{\"layers\": [0, 5]", "{\"x-a\": 1, \"a/b~\": 1, \"layers\": [0, 5]",
              "/overrides/0/a~1b~0: there is"},
        Wrong{"{\"layers\": [0, 5]", "{\"\\u001b\\n\": 1, \"layers\": [0, 5]", "/overrides/0/??: there is"},
        Wrong{"\"kind\": \"dense\"", "\"kind\": \"dense\", \"x-a\": 1",
              "/schedule/0/x-a: there is no such key"},
        Wrong{"\"layers\": 6", "\"layers\": 18446744073709551615",
              "/model/layers: it must be a whole number"},
        Wrong{"\"layers\": 6", "\"layers\": 0", "/model/layers: it must be"},
        Wrong{"[8, 16, 16]", "[8, 16]", "/model/grid: it must have 3 entries"},
        Wrong{"[0, 0]", "[2, 1]", "/model/text/1: it must be a whole number from 2 to 2048"},
        Wrong{"\"steps\": 20", "\"steps\": 1000000",
              "steps x layers x heads x 2 branches are more than 16777216"},
        Wrong{"\"version\": 1", "\"version\": 2", "/version: this DiTScope reads version 1 only"},
        Wrong{"ditscope.config", "ditscope.trace", "/: it is not a DiTScope configuration"},
        Wrong{"\"x-note\"", "\"x-\"", "/x-: there is no such key"},
        Wrong{"\"guidance\": 3", "\"guidance\": 1e999", "it holds a number that is too large"},
        Wrong{"\"guidance\": 3,", "\"guidance\": 3,,", "it is not sound JSON, see line 7, column 17"},
        Wrong{"\"guidance\": 3", "\"x-a\": [[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]", "it is nested too deeply"}));

TEST(Config, WhatIsNoConfiguration) {
  const tests::TempDir folder;
  EXPECT_THROW((void)readConfig(folder / "missing.json"), Error);
  EXPECT_THROW((void)readConfig(folder.path()), Error);
  for (const char* text : {"", "{", "[]", "null", "\"format\"", "{}", "\xff"})
    EXPECT_THROW((void)parseConfig(text, "c.json"), Error) << text;
}

TEST(Config, EntriesThatNameTooManyCellsAreRefused) {
  SparsityConfig config = readConfig(docs("config.example.json"));
  config.steps = 10'000;
  config.overrides.assign(500, {{}, {.method = "topk"}});
  EXPECT_NO_THROW((void)configText(config));
  config.overrides.assign(600, {{}, {.method = "topk"}});
  EXPECT_THROW((void)configText(config), Error);
}

TEST(Config, WhatCouldNotBeReadIsNotWritten) {
  const tests::TempDir folder;
  const SparsityConfig good = readConfig(docs("config.example.json"));
  const auto refuses = [&](const auto& change, const std::string& complaint) {
    SparsityConfig config = good;
    change(config);
    try {
      writeConfig(folder / "c.json", config);
      ADD_FAILURE() << complaint;
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), AllOf(HasSubstr("cannot write"), HasSubstr("c.json"), HasSubstr(complaint)));
    }
    EXPECT_FALSE(std::filesystem::exists(folder / "c.json"));
  };
  refuses([](SparsityConfig& c) { c.overrides[1].cells.heads[0] = {0, 4}; }, "/overrides/1/heads/0");
  refuses([](SparsityConfig& c) { c.defaults.parameters["p"] = std::numeric_limits<double>::infinity(); },
          "/defaults/parameters/p");
  refuses([](SparsityConfig& c) { c.defaults.method = "\xff"; }, "not UTF-8");
  refuses([](SparsityConfig& c) { c.extensions["x-a"] = "{"; }, "cannot write");
  refuses([](SparsityConfig& c) { c.extensions["steps"] = "1"; }, "does not begin with x-");
  EXPECT_THROW(writeConfig(folder / "no/c.json", good), Error);
}

std::set<std::string> names(const nlohmann::json& object) {
  std::set<std::string> keys;
  for (const auto& [key, value] : object.items()) keys.insert(key);
  return keys;
}

TEST(ConfigSchema, KnowsTheKeysThatTheReaderKnows) {
  const auto schema = nlohmann::json::parse(load(docs("config.schema.json")));
  std::set<std::string> objects;  // of the schema that have keys of their own
  for (const auto& [name, definition] : schema.at("$defs").items())
    if (definition.contains("properties")) objects.insert(name);
  for (const JsonKeysOf& ours : kConfigObjects) {
    SCOPED_TRACE(ours.object);
    const auto& theirs = ours.object.empty() ? schema : schema.at("$defs").at(std::string(ours.object));
    std::set<std::string> all;
    std::set<std::string> required;
    for (const JsonKey& key : ours.keys) {
      all.emplace(key.name);
      if (key.required) required.emplace(key.name);
    }
    EXPECT_EQ(names(theirs.at("properties")), all);
    EXPECT_EQ(theirs.value("required", std::set<std::string>()), required);
    EXPECT_EQ(theirs.at("additionalProperties"), false);
    EXPECT_EQ(theirs.contains("patternProperties"), ours.extra == ExtraKeys::Prefixed);
    objects.erase(std::string(ours.object));
  }
  EXPECT_TRUE(objects.empty());
}

TEST(ConfigSchema, KnowsTheWordsAndTheNumberOfTheFormat) {
  const auto schema = nlohmann::json::parse(load(docs("config.schema.json")));
  const auto words = [](const auto& enumNames) {
    return std::vector<std::string>(std::begin(enumNames), std::end(enumNames));
  };
  const auto& definitions = schema.at("$defs");
  EXPECT_EQ(definitions.at("branch").at("enum"), words(kEnumNames<Branch>));
  EXPECT_EQ(definitions.at("scheduleEntry").at("properties").at("kind").at("enum"),
            words(kEnumNames<StepKind>));
  EXPECT_EQ(schema.at("properties").at("format").at("const"), kConfigFormat);
  EXPECT_EQ(schema.at("properties").at("version").at("const"), kConfigVersion);
}

}  // namespace
}  // namespace ditscope::db
