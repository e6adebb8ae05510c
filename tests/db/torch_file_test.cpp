// SPDX-License-Identifier: Apache-2.0
// Files of torch.save: what PyTorch wrote is read exactly, what we write is read again, and anything else is
// refused in one line.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <random>

#include "db/error.h"
#include "db/torch_file.h"
#include "db/zip_file.h"
#include "tests/support/temp_dir.h"

namespace ditscope::db {
namespace {

using std::filesystem::path;
using namespace std::string_literals;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const path kData = path(DITSCOPE_SOURCE_DIR) / "tests/db/data/torch";

Bytes load(const path& file) {
  std::ifstream in(file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  const ByteView bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

// The error that reading ends with; empty when there is none.
template <class Read>
std::string complaint(Read read) {
  try {
    (void)read();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Error::Kind::BadInput) << error.what();
    EXPECT_THAT(error.what(), Not(HasSubstr("\n")));
    return error.what();
  }
  return "";
}

std::string complaintAbout(const path& file) {
  return complaint([&] { return readTorchFile(file); });
}

const TorchValue& at(const TorchValue& dict, const std::string& key) {
  for (const TorchEntry& entry : *dict.as<TorchValue::Dict>()) {
    const auto* text = entry.key.as<std::string>();
    const auto* number = entry.key.as<int64_t>();
    if (text ? *text == key : std::to_string(*number) == key) return entry.value;
  }
  throw std::out_of_range(key);
}

// An archive around a pickle that torch.save would not write, with one storage of 8 bytes.
Bytes archiveOf(const std::string& pickle) {
  const tests::TempDir folder;
  const ByteView bytes = std::as_bytes(std::span(pickle));
  writeZip(folder / "x.pt",
           {{"x/data.pkl", {bytes.begin(), bytes.end()}}, {"x/data/0", Bytes(8)}, {"x/version", Bytes(2)}});
  return load(folder / "x.pt");
}

std::string complaintAboutPickle(const std::string& pickle) {
  const Bytes archive = archiveOf("\x80\x02" + pickle + ".");
  return complaint([&] { return parseTorchFile(archive, "x.pt"); });
}

std::string pickledText(const std::string& text) {
  return std::string("X") + char(text.size()) + std::string(3, '\0') + text;
}

// A tensor over the storage of 8 bytes; the arguments are pickled.
std::string pickledTensor(const std::string& offset, const std::string& sizes, const std::string& strides) {
  return "ctorch._utils\n_rebuild_tensor_v2\n((" + pickledText("storage") + "ctorch\nFloatStorage\n" +
         pickledText("0") + pickledText("cpu") + "K\x02tQ" + offset + sizes + strides + "\x89)tR";
}

TEST(TorchFile, ReadsATunedConfigurationOfSpargeAttn) {
  const TorchTensorMap map = readTensorMap(kData / "CogVideoX-2b_spargeattn_0.06_0.07.pt");
  ASSERT_EQ(map.size(), 150u);
  double sparseHeads = 0, pvSum = 0;
  for (const auto& [name, tensor] : map) {
    EXPECT_THAT(tensor.shape, ElementsAre(30));
    ASSERT_EQ(tensor.values.size(), 30u);
    EXPECT_EQ(tensor.dtype, name.ends_with("is_sparse") ? TorchDType::Bool : TorchDType::F32);
    for (const double value : tensor.values) {
      if (name.ends_with("is_sparse")) sparseHeads += value;
      if (name.ends_with("pvthreshd")) pvSum += value;
    }
  }
  EXPECT_EQ(sparseHeads, 812);
  EXPECT_EQ(pvSum, 20669.55078125);
  const TorchTensor& pv = map.at("transformer_blocks.0.attn1.inner_attention.pvthreshd");
  EXPECT_EQ(pv.values[0], 49.970703125);
  EXPECT_EQ(pv.values[2], 0.2734375);
}

TEST(TorchFile, ReadsEveryDtypeAndEveryStride) {
  const TorchTensorMap map = readTensorMap(kData / "tensors.pt");
  ASSERT_EQ(map.size(), 12u);
  const auto expect = [&](const char* name, TorchDType dtype, std::vector<int64_t> shape,
                          std::vector<double> values) {
    EXPECT_EQ(map.at(name), (TorchTensor{dtype, std::move(shape), std::move(values)})) << name;
  };
  std::vector<double> rows, columns;
  for (int i = 0; i < 24; ++i) {
    rows.push_back(i / 8.0);
    columns.push_back((i % 4 * 6 + i / 4) / 8.0);
  }
  expect("f32", TorchDType::F32, {4, 6}, rows);
  expect("transposed", TorchDType::F32, {6, 4}, columns);
  expect("window", TorchDType::F32, {2, 3}, {8, 9, 10, 14, 15, 16});
  expect("expanded", TorchDType::F32, {3, 2}, {1.5, 1.5, 1.5, 1.5, 1.5, 1.5});
  expect("scalar", TorchDType::F32, {}, {2.5});
  expect("empty", TorchDType::F32, {0, 3}, {});
  expect("bool", TorchDType::Bool, {3}, {1, 0, 1});
  expect("i32", TorchDType::I32, {2}, {-1, 2147483647});
  expect("i64", TorchDType::I64, {2}, {-0x1p53, 7});
  expect("f16", TorchDType::F16, {5}, {1, -2.5, 0x1p-14, 0x1p-24, INFINITY});
  expect("f64", TorchDType::F64, {1}, {0.1});
  const std::vector<double>& bf16 = map.at("bf16").values;
  EXPECT_THAT(std::vector(bf16.begin(), bf16.begin() + 2), ElementsAre(1, -3.140625));
  EXPECT_NEAR(bf16[2], 1e-40, 0x1p-134);
  EXPECT_TRUE(std::isnan(bf16[3]));
}

TEST(TorchFile, ReadsTheParametersOfAModule) {
  const TorchTensorMap map = readTensorMap(kData / "state_dict.pt");
  EXPECT_EQ(map.at("weight"), (TorchTensor{TorchDType::F32, {2, 3}, {0, 1, 2, 3, 4, 5}}));
  EXPECT_EQ(map.at("bias"), (TorchTensor{TorchDType::F32, {2}, {0.5, 0.5}}));
}

TEST(TorchFile, ReadsListsOfDictionaries) {
  const TorchValue file = readTorchFile(kData / "plan.pt");
  const auto& list = *file.as<TorchValue::List>();
  ASSERT_EQ(list.size(), 2u);
  const auto& plan = *at(list[0], "attn1").as<TorchValue::List>();
  EXPECT_EQ(*plan.at(1).as<std::string>(), "residual_window_attn");
  EXPECT_NE(at(list[0], "attn2").as<std::monostate>(), nullptr);
  const auto& heads = *at(at(at(list[1], "plan"), "0"), "1").as<TorchValue::List>();
  EXPECT_EQ(*heads.at(0).as<TorchValue::List>()->at(1).as<std::string>(), "re8");
  EXPECT_EQ(*heads.at(1).as<TorchValue::List>()->at(1).as<int64_t>(), -1);
  EXPECT_EQ(*at(at(list[1], "ordered"), "b").as<double>(), 2.5);
  EXPECT_EQ(*at(list[1], "big").as<int64_t>(), int64_t(1) << 40);
  EXPECT_EQ(*at(list[1], "negative").as<int64_t>(), -70000);
  EXPECT_EQ(*at(list[1], "flag").as<bool>(), true);
  EXPECT_EQ(*at(at(list[1], "heads"), "3").as<TorchTensor>(), (TorchTensor{TorchDType::I32, {1, 2}, {1, 2}}));
}

TEST(TorchFile, AValueNamedTwiceIsThereTwice) {
  const TorchValue file = readTorchFile(kData / "shared.pt");
  for (const char* key : {"a", "b"}) EXPECT_EQ(*at(file, key).as<TorchValue::List>()->at(1).as<int64_t>(), 2);
}

TEST(TorchFile, RefusesWhatWouldExecuteOrIsUnknownByItsName) {
  EXPECT_THAT(complaintAbout(kData / "evil.pt"), HasSubstr("\"posix.system\""));
  EXPECT_FALSE(std::filesystem::exists("/tmp/a-pickle-was-executed"));
  EXPECT_THAT(complaintAbout(kData / "parameter.pt"), HasSubstr("\"torch._utils._rebuild_parameter\""));
  EXPECT_THAT(complaintAbout(kData / "bytes.pt"), HasSubstr("\"torch.ByteStorage\""));
  EXPECT_THAT(complaintAbout(kData / "protocol4.pt"), HasSubstr("not of protocol 2"));
  EXPECT_THAT(complaintAbout(kData / "legacy.pt"), HasSubstr("PyTorch 1.6 or newer"));
  EXPECT_THAT(complaintAbout(kData / "cycle.pt"), HasSubstr("nest deeper than 64"));
  EXPECT_THAT(complaintAbout(kData / "deflated.pt"), HasSubstr("compressed"));
}

TEST(TorchFile, RefusesFilesThatAreNoneOfTorch) {
  const tests::TempDir folder;
  std::ofstream(folder / "empty.pt");
  std::ofstream(folder / "text.pt") << "hello";
  writeZip(folder / "other.pt", {{"readme", Bytes(3)}});
  EXPECT_THAT(complaintAbout(folder / "none.pt"), AllOf(HasSubstr("none.pt"), HasSubstr("cannot be opened")));
  EXPECT_THAT(complaintAbout(folder / "."), Not(IsEmpty()));
  EXPECT_THAT(complaintAbout(folder / "empty.pt"), HasSubstr("is empty"));
  EXPECT_THAT(complaintAbout(folder / "text.pt"), HasSubstr("no file of torch.save"));
  EXPECT_THAT(complaintAbout(folder / "other.pt"), HasSubstr("no data.pkl"));
  EXPECT_THAT(complaint([] { return readTensorMap(kData / "plan.pt"); }), HasSubstr("holds no dictionary"));
  EXPECT_THAT(complaint([] { return readTensorMap(kData / "shared.pt"); }), HasSubstr("\"a\" is no tensor"));
}

TEST(TorchFile, RefusesFilesThatAreCutOrChanged) {
  const Bytes intact = load(kData / "tensors.pt");
  const TorchValue expected = parseTorchFile(intact, "t.pt");
  for (size_t size = 0; size < intact.size(); size += 7) {
    const ByteView cut = ByteView(intact).first(size);
    EXPECT_THAT(complaint([&] { return parseTorchFile(cut, "t.pt"); }), HasSubstr("t.pt")) << size;
  }
  std::mt19937 random(1);
  int refused = 0;
  for (int i = 0; i < 3000; ++i) {
    Bytes changed = intact;
    changed[random() % changed.size()] ^= std::byte(1 << random() % 8);
    refused += !complaint([&] { return parseTorchFile(changed, "t.pt"); }).empty();
  }
  EXPECT_GT(refused, 1000);
}

TEST(TorchFile, RefusesPicklesThatMeanHarm) {
  EXPECT_EQ(complaintAboutPickle(pickledTensor("K\x00"s, "K\x02\x85", "K\x01\x85")), "");
  EXPECT_THAT(complaintAboutPickle(pickledTensor("K\x01", "K\x02\x85", "K\x01\x85")),
              HasSubstr("beyond its storage"));
  EXPECT_THAT(complaintAboutPickle(pickledTensor("K\x01", "K\x02\x85", "J\xff\xff\xff\xff\x85")),
              HasSubstr("beyond its storage"));
  const std::string huge = "\x8a\x08" + std::string(7, '\x7f') + "\x7f";
  EXPECT_THAT(complaintAboutPickle(pickledTensor("K\x01", huge + huge + "\x86", huge + huge + "\x86")),
              HasSubstr("beyond its storage"));
  const std::string manyTimes = "J" + std::string("\x00\x00\x00\x04", 4);
  const std::string noStride = std::string("K\x00", 2) + "\x85";
  EXPECT_THAT(complaintAboutPickle(pickledTensor("K\x01", manyTimes + "\x85", noStride)),
              HasSubstr("8388608 elements"));
  EXPECT_THAT(complaintAboutPickle(std::string(100, ']') + std::string(99, 'a')),
              HasSubstr("deeper than 64"));
  // Each list holds the one before twenty times: 20^12 values if it were believed.
  std::string laughs = "](]q\x01";
  for (char level = 2; level < 14; ++level) {
    laughs += "](";
    for (int i = 0; i < 20; ++i) laughs += std::string("h") + char(level - 1);
    laughs += std::string("eq") + level;
  }
  EXPECT_THAT(complaintAboutPickle(laughs + "e"), HasSubstr("1000000 values"));
  EXPECT_THAT(complaintAboutPickle("}(K\x01NK\x01Nu"), HasSubstr("key 1 twice"));
  EXPECT_THAT(complaintAboutPickle("}(]Nu"), HasSubstr("neither a text nor"));
  EXPECT_THAT(complaintAboutPickle("ctorch\nFloatStorage\n"), HasSubstr("a type in place of a value"));
  EXPECT_THAT(complaintAboutPickle("\x8a\x09" + std::string(9, '\x01')), HasSubstr("beyond 64 bits"));
  EXPECT_THAT(complaintAboutPickle(pickledText("\xff\xfe")), HasSubstr("not UTF-8"));
  EXPECT_THAT(complaintAboutPickle("ca\nb\x1b[31m\n"), HasSubstr("\"a.b?[31m\""));
  EXPECT_THAT(complaintAboutPickle("0"), HasSubstr("operation 0x30"));
  for (const char* bad : {"", "(", "t", "a", "]a", "(s", "}Ns", ")Na", "NNR", "NQ", "h\x05", "}Nb", "(N"})
    EXPECT_THAT(complaintAboutPickle(bad), HasSubstr("damaged")) << bad;
}

TorchTensorMap someTensors() {
  std::mt19937 random(2);
  std::normal_distribution<float> normal;
  TorchTensorMap map;
  for (const auto& [name, shape, elements] :
       {std::tuple{"a.weight", std::vector<int64_t>{3, 5}, 15}, {"scalar", {}, 1}, {"empty", {0, 2}, 0}}) {
    TorchTensor& tensor = map[name];
    tensor.shape = shape;
    for (int i = 0; i < elements; ++i) tensor.values.push_back(double(normal(random)));
  }
  map["flags"] = {TorchDType::Bool, {3}, {1, 0, 1}};
  map["i32"] = {TorchDType::I32, {2}, {-2147483648.0, 2147483647}};
  map["i64"] = {TorchDType::I64, {2}, {-0x1p53, 0x1p53 - 1}};
  map["f16"] = {TorchDType::F16, {4}, {1, -0x1p-24, 65504, -INFINITY}};
  map["bf16"] = {TorchDType::BF16, {3}, {1, 0x1p-133, -3.140625}};
  map["f64"] = {TorchDType::F64, {1}, {0.1}};
  map["name with \xc3\xa9 and \"quotes\""] = {TorchDType::F32, {1}, {7}};
  return map;
}

TEST(TorchFile, ReadsWhatItWrote) {
  const tests::TempDir folder;
  writeTensorMap(folder / "a.pt", someTensors());
  EXPECT_EQ(readTensorMap(folder / "a.pt"), someTensors());
  writeTensorMap(folder / "b.pt", someTensors());
  EXPECT_EQ(load(folder / "a.pt"), load(folder / "b.pt"));
  for (const char* name : {"plan.pt", "tensors.pt", "CogVideoX-2b_spargeattn_0.06_0.07.pt"}) {
    writeTorchFile(folder / "c.pt", readTorchFile(kData / name));
    writeTorchFile(folder / "d.pt", readTorchFile(folder / "c.pt"));
    EXPECT_EQ(load(folder / "c.pt"), load(folder / "d.pt")) << name;
  }
}

TEST(TorchFile, WritesDataAtMultiplesOf64Bytes) {
  const tests::TempDir folder;
  writeTensorMap(folder / "a.pt", someTensors());
  const Bytes file = load(folder / "a.pt");
  int entries = 0;
  for (size_t at = 0; readAt<uint32_t>(file, at) == 0x04034b50;
       ++entries) {  // local headers, one after another
    EXPECT_EQ(readAt<uint16_t>(file, at + 8), 0) << "stored";
    const size_t data = at + 30 + readAt<uint16_t>(file, at + 26) + readAt<uint16_t>(file, at + 28);
    EXPECT_EQ(data % 64, 0u);
    at = data + readAt<uint32_t>(file, at + 18);
  }
  EXPECT_EQ(entries, 13);
}

TEST(TorchFile, RoundsToTheNearestHalf) {
  const tests::TempDir folder;
  const std::vector<double> in = {1 + 0x1p-11, 1 + 0x3p-11, 0x1p-25, 0x1.8p-25, 65519, 65520, 2049, -0x1p-30};
  writeTensorMap(folder / "a.pt",
                 {{"f16", {TorchDType::F16, {8}, in}}, {"bf16", {TorchDType::BF16, {8}, in}}});
  const TorchTensorMap map = readTensorMap(folder / "a.pt");
  EXPECT_THAT(map.at("f16").values, ElementsAre(1, 1 + 0x1p-9, 0, 0x1p-24, 65504, INFINITY, 2048, 0));
  EXPECT_THAT(map.at("bf16").values, ElementsAre(1, 1, 0x1p-25, 0x1.8p-25, 65536, 65536, 2048, -0x1p-30));
}

TEST(TorchFile, WritesWholeFilesOrNone) {
  const tests::TempDir folder;
  writeTensorMap(folder / "a.pt", someTensors());
  const Bytes before = load(folder / "a.pt");
  for (const TorchTensor& bad :
       {TorchTensor{TorchDType::F32, {2}, {1}}, TorchTensor{TorchDType::I32, {1}, {0.5}},
        TorchTensor{TorchDType::I32, {1}, {0x1p31}}, TorchTensor{TorchDType::I64, {1}, {NAN}},
        TorchTensor{TorchDType::Bool, {1}, {2}}}) {
    EXPECT_THROW(writeTensorMap(folder / "a.pt", {{"bad", bad}}), Error);
  }
  EXPECT_EQ(load(folder / "a.pt"), before);
  EXPECT_THROW(writeTensorMap(folder / "no/such/folder.pt", someTensors()), Error);
}

}  // namespace
}  // namespace ditscope::db
