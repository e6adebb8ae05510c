// SPDX-License-Identifier: Apache-2.0
// What `ditscope methods` shows of the registry, and that every method says what it owes its users.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "collector/methods/registry.h"
#include "collector/methods_command.h"
#include "db/error.h"

namespace ditscope::collector {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

class EveryMethod : public testing::TestWithParam<MethodInfo> {};

TEST_P(EveryMethod, SaysWhatItIsAndCosts) {
  const MethodInfo& method = GetParam();
  const std::set<std::string> ours = {"dense", "window", "topk", "topp"};
  EXPECT_FALSE(method.help.empty());
  EXPECT_FALSE(method.cost.empty());
  EXPECT_TRUE(!method.source.empty() || ours.contains(method.name)) << "no paper is named";
  for (const std::string& line : {method.help, method.source, method.cost})
    EXPECT_EQ(line.find('\n'), std::string::npos);
}

TEST_P(EveryMethod, DescribesItsParameters) {
  std::set<std::string> keys;
  for (const ParameterSpec& spec : GetParam().parameters) {
    EXPECT_TRUE(keys.insert(spec.key).second) << spec.key << " twice";
    EXPECT_FALSE(spec.help.empty()) << spec.key;
    const bool isNumber = !spec.anyText && spec.choices.empty();
    EXPECT_TRUE(!isNumber || spec.min < spec.max) << spec.key;
  }
  EXPECT_NO_THROW((void)Parameters(GetParam().name, GetParam().parameters, "")) << "a default is refused";
}

TEST_P(EveryMethod, HasAKnobAmongItsNumbers) {
  const MethodInfo& method = GetParam();
  if (!method.knob) return;
  const auto spec = std::ranges::find(method.parameters, method.knob->key, &ParameterSpec::key);
  ASSERT_NE(spec, method.parameters.end());
  EXPECT_TRUE(spec->choices.empty() && !spec->anyText);
  for (const double end : {method.knob->sparsest, method.knob->densest}) {
    EXPECT_GE(end, spec->min);
    EXPECT_LE(end, spec->max);
    EXPECT_TRUE(end > 0 || !method.knob->logarithmic);
  }
  EXPECT_NE(method.knob->sparsest, method.knob->densest);
}

TEST_P(EveryMethod, HasAPageAndAnEntry) {
  const MethodInfo& method = GetParam();
  const std::string page = methodsText({method});
  EXPECT_THAT(page, StartsWith(method.name + ": " + method.help + "\n"));
  const nlohmann::json entry = nlohmann::json::parse(methodsJson({method})).at("methods").at(0);
  EXPECT_EQ(entry.at("name"), method.name);
  EXPECT_EQ(entry.at("cost"), method.cost);
  EXPECT_EQ(entry.at("knob").is_null(), !method.knob);
  ASSERT_EQ(entry.at("parameters").size(), method.parameters.size());
  for (size_t i = 0; i < method.parameters.size(); ++i) {
    EXPECT_THAT(page, AllOf(HasSubstr("    " + method.parameters[i].key + " "),
                            HasSubstr("  " + method.parameters[i].help + "\n")));
    EXPECT_EQ(entry.at("parameters").at(i).at("default"), method.parameters[i].value);
  }
}

INSTANTIATE_TEST_SUITE_P(Methods, EveryMethod, testing::ValuesIn(methods()),
                         [](const auto& instance) { return instance.param.name; });

TEST(MethodsCommand, APageIsATable) {
  const MethodInfo method{
      "halves",
      "keeps one half",
      "nobody",
      "nothing",
      Knob{"share", 0.1, 1},
      {number("share", "0.5", 0, 1, "of all"), word("side", "left", {"left", "right"}, "which half"),
       integer("every", "2", 1, 9, "steps"), text("file", "", "of shares")},
      nullptr};
  EXPECT_EQ(methodsText({method}), R"(halves: keeps one half
  source  nobody
  cost    nothing
  density grows with share from 0.1 to 1
    key    default  range           meaning
    share  0.5      0 to 1          of all
    side   left     left|right      which half
    every  2        integer 1 to 9  steps
    file   -        text            of shares
)");
  const nlohmann::json json = nlohmann::json::parse(methodsJson({method, method}));
  EXPECT_EQ(json.at("schema"), "ditscope.methods/1");
  ASSERT_EQ(json.at("methods").size(), 2u);
  EXPECT_EQ(json.at("methods")[0].at("parameters")[0], nlohmann::json::parse(R"({"key": "share",
      "default": "0.5", "help": "of all", "type": "number", "min": 0.0, "max": 1.0})"));
  EXPECT_EQ(json.at("methods")[0].at("parameters")[1].at("choices"),
            (std::vector<std::string>{"left", "right"}));
  EXPECT_EQ(json.at("methods")[0].at("knob").at("key"), "share");
}

TEST(MethodsCommand, AnUnknownNameListsTheOthers) {
  try {
    (void)methodNamed("magic");
    FAIL();
  } catch (const db::Error& error) {
    EXPECT_EQ(error.exitCode(), 3);
    EXPECT_THAT(error.what(), AllOf(HasSubstr("method magic"), HasSubstr("dense, window, topk")));
  }
}

}  // namespace
}  // namespace ditscope::collector
