// SPDX-License-Identifier: Apache-2.0
// Each format: what it can hold comes back, the file comes back byte by byte, and what it cannot hold is
// named.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/exchange/choice_text.h"
#include "db/error.h"
#include "db/torch_file.h"
#include "tests/analyzer/exchange_support.h"

namespace ditscope::tests {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const db::MethodChoice kSparge{
    .method = "sparge", .parameters = {{"cdfthreshd", 0.957}, {"simthreshd1", 0.0625}, {"pvthreshd", 4.27}}};

// Every cell of both computes the same.
void expectSameCells(const db::SparsityConfig& a, const db::SparsityConfig& b) {
  const db::ConfigTable first(a), second(b);
  for (const db::Branch branch : {db::Branch::Cond, db::Branch::Uncond})
    for (int32_t step = 0; step < a.steps; ++step)
      for (int32_t layer = 0; layer < a.model.layers; ++layer)
        for (int32_t head = 0; head < a.model.heads; ++head) {
          const db::Cell cell{step, layer, head, branch};
          EXPECT_EQ(analyzer::choiceText(first.resolve(cell)), analyzer::choiceText(second.resolve(cell)));
          EXPECT_EQ(first.kindOf(cell), second.kindOf(cell));
        }
}

void expectRefusal(const std::string& bytes, const std::string& format, const std::string& word) {
  try {
    (void)imported(bytes, format);
    ADD_FAILURE() << format << " took " << bytes;
  } catch (const db::Error& error) {
    EXPECT_THAT(error.what(), HasSubstr(word));
    EXPECT_EQ(error.exitCode(), 3);
  }
}

// import(export(c)) computes what c does, and export(import(x)) is x.
void expectRoundTrip(const db::SparsityConfig& config, const std::string& format) {
  const Exchanged file = exported(config, format);
  const Imported back = imported(file.bytes, format);
  expectSameCells(config, back.config);
  EXPECT_EQ(exported(back.config, format).bytes, file.bytes) << format;
}

TEST(ExchangeFormats, SpargeHoldsAHeadsThresholds) {
  db::SparsityConfig config = smallModel();
  config.overrides = {atHeads(0, {0, 1}, kSparge), atHeads(2, {3, 3}, kSparge)};
  EXPECT_THAT(exported(config, "sparge").losses, IsEmpty());
  expectRoundTrip(config, "sparge");
}

TEST(ExchangeFormats, SpargeWritesWhatItsLoaderTakes) {
  db::SparsityConfig config = smallModel();
  config.overrides = {atHeads(1, {2, 2}, kSparge)};
  const TempDir folder;
  analyzer::LossReport losses;
  analyzer::exchangeFormat("sparge").write(config, {.module = "blocks.{}.attn1"}, folder / "x.pt", losses);
  const db::TorchTensorMap tensors = db::readTensorMap(folder / "x.pt");
  EXPECT_EQ(tensors.size(), 15U);  // five fields of three layers
  EXPECT_EQ(tensors.at("blocks.1.attn1.is_sparse").dtype, db::TorchDType::Bool);
  EXPECT_THAT(tensors.at("blocks.1.attn1.is_sparse").values, ElementsAre(0, 0, 1, 0));
  EXPECT_THAT(tensors.at("blocks.1.attn1.cdfthreshd").values, ElementsAre(1, 1, double(0.957F), 1));
  EXPECT_THAT(tensors.at("blocks.1.attn1.simthreshd1").values, ElementsAre(1, 1, 0.0625, 1));
  EXPECT_THAT(tensors.at("blocks.1.attn1.simthreshd2").values, ElementsAre(0, 0, 0, 0));
  EXPECT_EQ(tensors.at("blocks.2.attn1.pvthreshd").dtype, db::TorchDType::F32);
}

TEST(ExchangeFormats, SpargeKeepsTheModulePathOfAFile) {
  db::SparsityConfig config = smallModel();
  const std::string bytes = exported(config, "sparge", {.module = "model.blocks.{}.self_attn.inner"}).bytes;
  const Imported back = imported(bytes, "sparge");
  EXPECT_EQ(exported(back.config, "sparge").bytes, bytes);
}

TEST(ExchangeFormats, AxesThatAFormatLacksCollapseAndAreCounted) {
  db::SparsityConfig config = smallModel();
  config.defaults = kSparge;
  config.defaults.expected.recall = 0.9;
  db::MethodChoice strict = kSparge;
  strict.parameters["cdfthreshd"] = 0.99;
  config.overrides = {{{.steps = db::IndexRange{0, 2}, .heads = {{0, 0}}}, strict},
                      {{.layers = {{1, 1}}, .heads = {{3, 3}}, .branch = db::Branch::Uncond}, strict},
                      atHeads(2, {1, 2}, {.method = "topk", .parameters = {{"density", 0.1}}})};
  config.schedule = {{{.steps = db::IndexRange{0, 1}}, db::StepKind::Dense}};
  const Exchanged file = exported(config, "sparge");
  EXPECT_THAT(
      file.losses,
      testing::UnorderedElementsAre(
          "step ranges: 3 of 12 heads collapsed to their most frequent choice",
          "branch: 1 of 12 heads differ between cond and uncond; the more frequent choice stands for both",
          "schedule: 2 of 8 steps have dense entries",
          "expected density, recall, error and time of 1 choices", "method topk, written as dense: 2 heads"));
  const db::SparsityConfig back = imported(file.bytes, "sparge").config;
  EXPECT_EQ(back.resolve({0, 0, 0, db::Branch::Cond}), kSparge);  // five steps of eight
  EXPECT_EQ(back.resolve({0, 2, 1, db::Branch::Cond}).method, "dense");
}

TEST(ExchangeFormats, Minference) {
  const std::string file =
      R"([{"0": ["vertical_and_slash", 100, 300, 0.93], "1": ["stream_llm", 64, 192, 0.5], )"
      R"("2": ["block_sparse", 4, 1, 1.0], "3": ["dense", 0, 0, 1]}, )"
      R"({"0": ["vertical_and_slash", 1000, 6096, 1], "1": ["vertical_and_slash", 1000, 6096, 1], )"
      R"("2": ["vertical_and_slash", 1000, 6096, 1], "3": ["vertical_and_slash", 1000, 6096, 1]}, )"
      R"({"0": ["tri_shape", 8, 8, 1], "1": ["dense", 0, 0, 1], "2": ["dense", 0, 0, 1], "3": ["dense", 0, 0, 1]}])";
  const Imported back = imported(file, "minference");
  EXPECT_EQ(exported(back.config, "minference").bytes, file);
  const auto text = [&](int32_t layer, int32_t head) {
    return analyzer::choiceText(back.config.resolve({0, layer, head, db::Branch::Cond}));
  };
  EXPECT_EQ(text(0, 0), "minference:density=0.390625,pattern=vertical_slash");  // (100 + 300) / 1024
  EXPECT_EQ(text(0, 1), "minference:density=0.25,pattern=a_shape");
  EXPECT_EQ(text(0, 2), "minference:density=0.25,pattern=block_sparse");  // 4 x 64 / 1024
  EXPECT_EQ(text(1, 0), "minference:density=1,pattern=vertical_slash");
  EXPECT_EQ(text(2, 0), "dense");
  EXPECT_THAT(back.losses, Contains("pattern tri_shape is unknown and runs dense: 1 heads"));
}

TEST(ExchangeFormats, MinferencePatternsThatWereEditedAreWrittenAnew) {
  db::SparsityConfig config =
      imported(R"([{"0": ["stream_llm", 64, 192, 0.5]}, {}, {}])", "minference").config;
  for (db::ConfigOverride& override : config.overrides) override.choice.parameters["density"] = 0.5;
  config.defaults.parameters["density"] = 0.5;
  // Eight of sixteen blocks of 64: one the first keys, seven the band.
  EXPECT_THAT(exported(config, "minference").bytes, HasSubstr(R"("0": ["stream_llm", 64, 448, 1.0])"));
}

TEST(ExchangeFormats, StaHoldsStepsToo) {
  db::SparsityConfig config = smallModel();
  const db::MethodChoice window{.method = "sta",
                                .parameters = {{"window", std::string("3x1x2")}, {"dense_steps", 0.0}}};
  config.overrides = {{{.steps = db::IndexRange{2, 7}, .layers = {{0, 1}}}, window}};
  config.schedule = {{{.steps = db::IndexRange{5, 5}}, db::StepKind::Dense}};
  const Exchanged file = exported(config, "sta", {.tile = "2x4x8"});
  EXPECT_THAT(file.bytes, HasSubstr(R"("2_1_3": [3, 1, 2])"));
  EXPECT_THAT(file.bytes, HasSubstr(R"("5_1_3": [2, 4, 2])"));  // dense: 4 x 16 x 16 in tiles of 2 x 4 x 8
  const Imported back = imported(file.bytes, "sta", smallModel(), {.tile = "2x4x8"});
  EXPECT_EQ(exported(back.config, "sta", {.tile = "2x4x8"}).bytes, file.bytes);
  EXPECT_EQ(back.config.resolve({5, 1, 0, db::Branch::Cond}).method, "dense");
  // What the method keeps dense by itself is full in the table: 0.24 of eight steps is one.
  config.overrides[0] = {{}, {.method = "sta", .parameters = {{"window", std::string("3x1x2")}}}};
  const std::string own = exported(config, "sta", {.tile = "2x4x8"}).bytes;
  EXPECT_THAT(own, HasSubstr(R"("0_0_0": [2, 4, 2])"));
  EXPECT_THAT(own, HasSubstr(R"("1_0_0": [3, 1, 2])"));
}

TEST(ExchangeFormats, DitfastattnPlansKeepTheirTreatments) {
  const std::string full = R"(["full_attn", "full_attn", "full_attn"])";
  const std::string file =
      R"({"schema": "ditscope.compression-plan/1", "window": 0.2, "steps": [)" + full +
      R"(, ["residual_window_attn", "full_attn", "output_share"], )" + full +
      R"(, ["residual_window_attn+cfg_attn_share", "full_attn", "full_attn+cfg_attn_share"], )" + full +
      ", " + full + ", " + full + ", " + full + "]}\n";
  const Imported back = imported(file, "ditfastattn");
  EXPECT_EQ(exported(back.config, "ditfastattn").bytes, file);
  // A dense step belongs to the treatment that follows it, whose residual it makes.
  const db::Cell first{0, 0, 2, db::Branch::Cond};
  EXPECT_EQ(analyzer::choiceText(back.config.resolve(first)),
            "ditfastattn:refresh=0,strategy=wars,window=0.2");
  EXPECT_EQ(back.config.kindOf(first), db::StepKind::Dense);
  EXPECT_THAT(back.losses, Contains(HasSubstr("2 layers change between treatments")));

  const std::string torch = exported(back.config, "ditfastattn-v1").bytes;
  const Imported v1 = imported(torch, "ditfastattn-v1");
  EXPECT_EQ(exported(v1.config, "ditfastattn-v1").bytes, torch);
  EXPECT_THAT(v1.losses, Contains(HasSubstr("window: not in the file")));
}

TEST(ExchangeFormats, DitfastattnV1IsAListOfDictionaries) {
  const TempDir folder;
  analyzer::LossReport losses;
  analyzer::exchangeFormat("ditfastattn-v1").write(smallModel(), {}, folder / "plan.json", losses);
  const db::TorchValue value = db::readTorchFile(folder / "plan.json");
  const auto* layers = value.as<db::TorchValue::List>();
  ASSERT_NE(layers, nullptr);
  ASSERT_EQ(layers->size(), 3U);
  const auto* layer = (*layers)[0].as<db::TorchValue::Dict>();
  ASSERT_NE(layer, nullptr);
  ASSERT_EQ(layer->size(), 3U);
  EXPECT_EQ((*layer)[0].value.as<db::TorchValue::List>()->size(), 8U);  // a text a step
  EXPECT_NE((*layer)[1].value.as<std::monostate>(), nullptr);           // None
}

TEST(ExchangeFormats, XattentionIsANestedList) {
  const std::string file = "[[0.9, 0.9, 1.0, 0.95], [0.9, 0.9, 0.9, 0.9], [0.25, 0.9, 0.9, 0.9]]\n";
  const Imported back = imported(file, "xattention");
  EXPECT_THAT(back.losses, IsEmpty());
  EXPECT_EQ(exported(back.config, "xattention").bytes, file);
  EXPECT_EQ(back.config.resolve({0, 0, 2, db::Branch::Cond}).method, "dense");
  expectRoundTrip(back.config, "xattention");
}

TEST(ExchangeFormats, CsvHoldsDefaultsScheduleAndOverrides) {
  db::SparsityConfig config = smallModel();
  config.defaults = {.method = "topk", .parameters = {{"density", 0.25}}, .expected = {.recall = 0.97}};
  config.schedule = {{{.steps = db::IndexRange{0, 1}}, db::StepKind::Dense}};
  db::MethodChoice odd{.method = "window",
                       .parameters = {{"wrap", false},
                                      {"name", std::string("a, \"b\";c=d")},
                                      {"digits", std::string("12")},
                                      {"empty", std::string()}},
                       .expected = {.density = 0.5, .error = 1e-5, .timeNs = 41000}};
  config.overrides = {{{.steps = db::IndexRange{2, 2},
                        .layers = {{0, 0}, {2, 2}},
                        .heads = {{1, 3}},
                        .branch = db::Branch::Uncond},
                       odd}};
  const Exchanged file = exported(config, "csv");
  EXPECT_EQ(imported(file.bytes, "csv").config, config);
  std::string windows;  // as a spreadsheet saves it
  for (const char c : file.bytes) windows += c == '\n' ? std::string("\r\n") : std::string(1, c);
  EXPECT_EQ(imported(windows, "csv").config, config);
}

TEST(ExchangeFormats, JsonLosesNothing) {
  db::SparsityConfig config = smallModel();
  config.defaults = kSparge;
  config.extensions["x-note"] = "1";
  const Exchanged file = exported(config, "json");
  EXPECT_EQ(imported(file.bytes, "json").config, config);
  EXPECT_THAT(file.losses, IsEmpty());
}

TEST(ExchangeFormats, FilesAreRecognised) {
  db::SparsityConfig config = smallModel();
  config.overrides = {atHeads(0, {0, 0}, {.method = "blasst", .parameters = {{"lambda", 0.1}}})};
  for (const analyzer::ExchangeFormat& format : analyzer::exchangeFormats()) {
    if (format.name == "block-mask") continue;  // of traces
    const std::string bytes = exported(config, std::string(format.name)).bytes;
    EXPECT_EQ(analyzer::recogniseFormat({.bytes = bytes, .name = "file"}).name, format.name);
  }
  EXPECT_THROW((void)analyzer::recogniseFormat({.bytes = "42", .name = "file"}), db::Error);
}

TEST(ExchangeFormats, WhatDoesNotFitIsRefusedInOneLine) {
  expectRefusal("[[0.9]]", "xattention", "1 layers of 1 heads, --like has 3 of 4");
  expectRefusal("[[2,1,1,1],[1,1,1,1],[1,1,1,1]]", "xattention", "layer 0 head 0");
  expectRefusal("[[1,1,1,1],[1],[1,1,1,1]]", "xattention", "layer 1");
  expectRefusal(R"([{"0": ["dense", 0, 0]}, {}, {}])", "minference", "layer 0 head 0");
  expectRefusal(R"([{"4": ["dense", 0, 0, 1]}, {}, {}])", "minference", "beyond the 4");
  expectRefusal(R"({"8_0_0": [1, 1, 1]})", "sta", "outside");
  expectRefusal(R"({"0_0_0": [0, 1, 1]})", "sta", "no window");
  expectRefusal(R"({"0_0": [1, 1, 1]})", "sta", "no window");
  expectRefusal(R"({"schema": "ditscope.compression-plan/1", "window": 0.1, "steps": [["x"]]})",
                "ditfastattn", "step 0 layer 0");
  expectRefusal("component\n", "csv", "line 1");
  expectRefusal("component,steps,layer,head,branch,method,parameters,expected\n,9,,,,dense,,\n", "csv",
                "below 8");
  expectRefusal(std::string(100, '['), "sta", "nested too deeply");
  expectRefusal("not a zip", "sparge", "torch.save");
}

}  // namespace
}  // namespace ditscope::tests
