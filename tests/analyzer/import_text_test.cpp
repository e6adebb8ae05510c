// SPDX-License-Identifier: Apache-2.0
// The parts of the importers that read text: patterns, numbers, shapes, JSON with faults.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "analyzer/import/capture_time.h"
#include "analyzer/import/import_rules.h"
#include "analyzer/import/json_scanner.h"
#include "analyzer/import/name_table.h"
#include "analyzer/import/spill_sorter.h"
#include "analyzer/import/tensor_shapes.h"
#include "analyzer/import/text_pattern.h"
#include "db/error.h"
#include "tests/support/temp_dir.h"

namespace ditscope::analyzer {
namespace {

TEST(TextPattern, FindsNumbersBehindStars) {
  const TextPattern pattern("*blocks.{n}.attn*");
  const auto match = pattern.match("transformer.blocks.12.attn1");
  ASSERT_TRUE(match);
  EXPECT_EQ(match->number, 12);
  EXPECT_EQ(std::string("transformer.blocks.12.attn1").substr(0, match->labelEnd), "transformer.blocks.12");
  EXPECT_FALSE(pattern.match("transformer.blocks.x.attn1"));
  EXPECT_FALSE(TextPattern("block.{n}").match("block.12.ff"));
  EXPECT_TRUE(TextPattern("*a*b").match("xaaxbab"));
  EXPECT_FALSE(TextPattern("*a*b").match("xaaxbac"));
  EXPECT_EQ(TextPattern("*{n}").match("layer10")->number, 10);  // whole numbers, not 0
  EXPECT_TRUE(TextPattern("step").match("step"));
  EXPECT_FALSE(TextPattern("step").match("steps"));
}

TEST(TextPattern, TakesNoLongOverWhatDoesNotFit) {
  std::string pattern, text(20'000, 'a');
  for (int i = 0; i < 100; ++i) pattern += "*a";
  EXPECT_FALSE(TextPattern(pattern + "*b").match(text));
}

TEST(CaptureTime, KeepsNanosecondsThatADoubleLoses) {
  EXPECT_EQ(nanosecondsOf("1712195495505583.019"), 1712195495505583019);
  EXPECT_EQ(nanosecondsOf("1682725898236567"), 1682725898236567000);
  EXPECT_EQ(nanosecondsOf("2915995397672.5468"), 2915995397672546);
  EXPECT_EQ(nanosecondsOf("-0.5"), -500);
  EXPECT_EQ(nanosecondsOf("1.5e3"), 1'500'000);
  for (const char* bad : {"", "-", "NaN", "Infinity", "1e300", "99999999999999999999", "1.2.3", "12x"})
    EXPECT_FALSE(nanosecondsOf(bad)) << bad;
  EXPECT_EQ(lastNumberOf("stream 7"), 7);
  EXPECT_EQ(lastNumberOf("GPU 12"), 12);
  EXPECT_FALSE(lastNumberOf("Spans"));
}

TEST(TensorShapes, AreAnAttentionProblem) {
  const InputShapes heads = parseShapes("[[2, 38, 4429, 64], [2, 38, 77, 64], [2, 38, 77, 64], [], []]");
  EXPECT_EQ(attentionShape(heads, TensorLayout::HeadsFirst), (AttentionShape{38, 64, 4429, 77}));
  EXPECT_EQ(attentionShape(parseShapes("[[1, 300, 12, 128], [1, 300, 12, 128]]"), TensorLayout::TokensFirst),
            (AttentionShape{12, 128, 300, 300}));
  EXPECT_EQ(attentionShape(parseShapes("[[4, 4], []]"), TensorLayout::HeadsFirst), AttentionShape());
  EXPECT_EQ(parseShapes("[[[[[").count, 1U);
}

TEST(NameTable, BoundsWhatItHolds) {
  NameTable names;
  EXPECT_EQ(names.idOf("a"), names.idOf("a"));
  for (size_t i = 0; i < NameTable::kMaxNames + 10; ++i) (void)names.idOf("name " + std::to_string(i));
  EXPECT_LE(names.size(), NameTable::kMaxNames + 1);
  EXPECT_GT(names.overflowed(), 0);
  EXPECT_EQ(cleanText("a\nb\xff", 100), "a?b?");
  EXPECT_EQ(cleanText("\xc3\xa4\xc3\xa4", 3), "\xc3\xa4");
}

struct Number {
  int64_t value = 0;
};
struct ByValue {
  bool operator()(const Number& a, const Number& b) const { return a.value < b.value; }
};

TEST(SpillSorter, MergesWhatDidNotFitIntoMemory) {
  const tests::TempDir folder;
  SpillSorter<Number, ByValue> sorter(folder.path(), 64 * sizeof(Number));
  constexpr int64_t kRows = 10'007;
  for (int64_t i = 0; i < kRows; ++i) sorter.add({i * 7'919 % kRows});
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));  // the file has no name
  int64_t expected = 0;
  sorter.drain([&](const Number& row) { EXPECT_EQ(row.value, expected++); });
  EXPECT_EQ(expected, kRows);
  EXPECT_EQ(sorter.size(), 0U);
}

// All tokens of a text, each with its own text, "!" where it is broken.
std::string tokensOf(const std::string& json, size_t window = 16) {
  const auto source = byteSourceOf(json, "text");
  JsonScanner scanner(*source, "text", window);
  std::string all;
  while (true) {
    using Token = JsonScanner::Token;
    const Token token = scanner.next();
    switch (token) {
      case Token::BeginObject:
        all += "{";
        break;
      case Token::EndObject:
        all += "}";
        break;
      case Token::BeginArray:
        all += "[";
        break;
      case Token::EndArray:
        all += "]";
        break;
      case Token::Key:
        all += std::string(scanner.text()) + ":";
        break;
      case Token::String:
        all += "'" + std::string(scanner.text()) + "'";
        break;
      case Token::Number:
        all += std::string(scanner.text()) + ";";
        break;
      case Token::Word:
        all += "<" + std::string(scanner.text()) + ">";
        break;
      case Token::Broken:
        return all + "!";
      case Token::End:
        return all + (scanner.endedEarly() ? "..." : "") +
               (scanner.repairs() > 0 ? " repaired " + std::to_string(scanner.repairs()) : "");
    }
  }
}

TEST(JsonScanner, ReadsSoundJson) {
  for (const size_t window : {size_t{16}, size_t{1024}}) {
    EXPECT_EQ(
        tokensOf(R"( {"a": [1, -2.5e3, "x"], "b\n\u00e4\ud83d\ude00": {"c": null}, "d":true} )", window),
        "{a:[1;-2.5e3;'x']b\n\xc3\xa4\xf0\x9f\x98\x80:{c:<null>}d:<true>}");
    EXPECT_EQ(tokensOf("[]", window), "[]");
    EXPECT_EQ(tokensOf("", window), "");
  }
}

TEST(JsonScanner, RepairsWhatProfilersBreak) {
  EXPECT_EQ(tokensOf("{\"a\": \"tab\there\", \"b\": 1}"), "{a:'tab\there'b:1;} repaired 1");
  EXPECT_EQ(tokensOf(R"({"a": "say "hi" now", "b": 1})"), "{a:'say \"hi\" now'b:1;} repaired 1");
  EXPECT_EQ(tokensOf(R"({"a": "foo "bar", baz", "b": 1})"), "{a:'foo \"bar\", baz'b:1;} repaired 1");
  EXPECT_EQ(tokensOf(R"({"a": "C:\Users"})"), "{a:'C:\\Users'} repaired 1");
  EXPECT_EQ(tokensOf(R"({"a": NaN, "b": -Infinity, "c": inf,})"), "{a:<NaN>b:<-Infinity>c:<inf>}");
  EXPECT_EQ(tokensOf(R"({"a": [1, 2)"), "{a:[1;2;...");
  EXPECT_EQ(tokensOf(R"({"a" 1})"), "{!");
  EXPECT_EQ(tokensOf("[1}"), "[1;!");
}

TEST(JsonScanner, PassesOverValuesAndGoesOnBehindBrokenOnes) {
  const std::string json =
      R"({"skip": {"x": [1, {"y": "}]"}]}, "list": [{"a": 1 ! "b"}, {"a": 2}, {"a": 3}], "end": 1})";
  const auto source = byteSourceOf(json, "text");
  JsonScanner scanner(*source, "text", 16);
  using Token = JsonScanner::Token;
  ASSERT_EQ(scanner.next(), Token::BeginObject);
  ASSERT_EQ(scanner.next(), Token::Key);
  ASSERT_TRUE(scanner.skipValue());
  ASSERT_EQ(scanner.next(), Token::Key);
  EXPECT_EQ(scanner.text(), "list");
  ASSERT_EQ(scanner.next(), Token::BeginArray);
  const size_t depth = scanner.depth();
  ASSERT_EQ(scanner.next(), Token::BeginObject);
  ASSERT_EQ(scanner.next(), Token::Key);
  ASSERT_EQ(scanner.next(), Token::Number);
  ASSERT_EQ(scanner.next(), Token::Broken);
  ASSERT_TRUE(scanner.recover(depth));
  for (const char* value : {"2", "3"}) {
    ASSERT_EQ(scanner.next(), Token::BeginObject);
    ASSERT_EQ(scanner.next(), Token::Key);
    ASSERT_EQ(scanner.next(), Token::Number);
    EXPECT_EQ(scanner.text(), value);
    ASSERT_EQ(scanner.next(), Token::EndObject);
  }
  ASSERT_EQ(scanner.next(), Token::EndArray);
  ASSERT_EQ(scanner.next(), Token::Key);
  EXPECT_EQ(scanner.text(), "end");
}

TEST(JsonScanner, RefusesWhatIsTooDeepOrTooLong) {
  EXPECT_THROW((void)tokensOf(std::string(100, '[')), db::Error);
  std::string deep = "{\"a\":";
  for (int i = 0; i < 100; ++i) deep += "{\"a\":";
  const auto source = byteSourceOf(deep, "text");
  JsonScanner scanner(*source, "text");
  (void)scanner.next();
  (void)scanner.next();
  EXPECT_THROW((void)scanner.skipValue(), db::Error);
  EXPECT_THROW((void)tokensOf("[\"" + std::string(JsonScanner::kMaxTokenBytes + (1 << 20), 'x') + "\"]"),
               db::Error);
}

TEST(ImportRules, ReplaceTheListsTheyHave) {
  const ImportRules rules = parseRules(
      R"({"format": "ditscope.import-rules/1", "attention": [{"name": "my_attention", "layout": "BNHD"}]})",
      "rules");
  EXPECT_TRUE(meaningOf(rules, "my_attention").isAttention());
  EXPECT_FALSE(meaningOf(rules, "aten::scaled_dot_product_attention").isAttention());
  EXPECT_EQ(rules.steps.size(), defaultRules().steps.size());
  EXPECT_TRUE(
      isAttentionKernel(rules, "void flash_fwd_kernel<Flash_fwd_kernel_traits<128, 64>>(Flash_fwd_params)"));
  EXPECT_FALSE(isAttentionKernel(rules, "void flash_bwd_kernel<>"));
  EXPECT_THROW((void)parseRules("{}", "rules"), db::Error);
  EXPECT_THROW((void)parseRules(R"({"format": "ditscope.import-rules/1", "stepz": []})", "rules"), db::Error);
}

}  // namespace
}  // namespace ditscope::analyzer
