// SPDX-License-Identifier: Apache-2.0
#include "collector/safetensors_header.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>

#include "db/error.h"

namespace ditscope::collector {
namespace {

using ::testing::HasSubstr;

std::array<char, 8> littleEndian(uint64_t value) {
  std::array<char, 8> bytes{};
  for (char& byte : bytes) {
    byte = static_cast<char>(value & 0xff);
    value >>= 8;
  }
  return bytes;
}

std::string problemOf(const std::string& json, uint64_t dataBytes) {
  try {
    parseSafetensorsHeader(json, dataBytes, "model.safetensors");
  } catch (const db::Error& error) {
    const std::string text = error.what();
    EXPECT_EQ(error.kind(), db::Error::Kind::BadInput);
    EXPECT_EQ(text.rfind("model.safetensors : ", 0), 0u) << text;
    EXPECT_EQ(text.find('\n'), std::string::npos) << text;
    return text;
  }
  return "accepted";
}

std::string tensor(const std::string& name, const std::string& dtype, const std::string& shape,
                   const std::string& offsets) {
  return "\"" + name + R"(":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets +
         "}";
}

std::string lengthProblem(uint64_t claimed, uint64_t fileBytes) {
  const std::array<char, 8> prefix = littleEndian(claimed);
  try {
    safetensorsHeaderLength(std::span(prefix).first(std::min<uint64_t>(8, fileBytes)), fileBytes,
                            "model.safetensors");
  } catch (const db::Error& error) {
    return error.what();
  }
  return "accepted";
}

TEST(SafetensorsLength, EmptyAndShortFiles) {
  EXPECT_THAT(lengthProblem(0, 0), HasSubstr("shorter than 8 bytes"));
  EXPECT_THAT(lengthProblem(0, 7), HasSubstr("shorter than 8 bytes"));
}

TEST(SafetensorsLength, BeyondTheFile) {
  EXPECT_THAT(lengthProblem(60, 8), HasSubstr("claims 60 bytes, the file has 0"));
  EXPECT_THAT(lengthProblem(3, 10), HasSubstr("claims 3 bytes, the file has 2"));
}

TEST(SafetensorsLength, BeyondTheLimitAndAround64Bits) {
  EXPECT_THAT(lengthProblem(kMaxHeaderBytes + 1, 1ull << 40), HasSubstr("claims 100000001 bytes"));
  EXPECT_THAT(lengthProblem(0xFFFFFF000000003Cull, 100), HasSubstr("claims"));
  EXPECT_THAT(lengthProblem(UINT64_MAX, 100), HasSubstr("claims"));  // 8 + n would wrap to 7
}

TEST(SafetensorsLength, LittleEndian) {
  const std::array<char, 8> prefix = littleEndian(0x01020304);
  EXPECT_EQ(safetensorsHeaderLength(prefix, 1u << 30, "x"), 0x01020304u);
}

TEST(SafetensorsHeader, TheSmallestFiles) {
  EXPECT_TRUE(parseSafetensorsHeader("{}", 0, "x").tensors.empty());
  EXPECT_TRUE(parseSafetensorsHeader(" \t\r\n{}\n\r\t ", 0, "x").tensors.empty());

  const auto scalar = parseSafetensorsHeader("{" + tensor("s", "F32", "[]", "[0,4]") + "}", 4, "x").tensors;
  ASSERT_EQ(scalar.size(), 1u);
  EXPECT_TRUE(scalar[0].shape.empty());

  const auto none = parseSafetensorsHeader("{" + tensor("n", "F32", "[2,0]", "[0,0]") + "}", 0, "x").tensors;
  EXPECT_EQ(none.at(0).shape, (std::vector<int64_t>{2, 0}));
}

TEST(SafetensorsHeader, TensorsComeInTheOrderOfTheirData) {
  const std::string json = "{" + tensor("a", "I32", "[2,2]", "[2,18]") + "," +
                           tensor("b", "BF16", "[1]", "[0,2]") +
                           R"(,"__metadata__":{"format":"pt","note":""}})";
  const SafetensorsHeader header = parseSafetensorsHeader(json, 18, "x");
  ASSERT_EQ(header.tensors.size(), 2u);
  EXPECT_EQ(header.tensors[0].name, "b");
  EXPECT_EQ(header.tensors[1].dtype, "I32");
  EXPECT_EQ(header.tensors[1].begin, 2u);
  EXPECT_EQ(header.metadata.at("format"), "pt");
}

TEST(SafetensorsHeader, EmptyTensorsMayShareAPlace) {
  const std::string json = "{" + tensor("a", "U8", "[0]", "[1,1]") + "," +
                           tensor("b", "U8", "[0,3]", "[1,1]") + "," + tensor("c", "U8", "[1]", "[0,1]") +
                           "}";
  EXPECT_EQ(problemOf(json, 1), "accepted");
}

TEST(SafetensorsHeader, NotUtf8OrNotJson) {
  EXPECT_THAT(problemOf("\xff", 0), HasSubstr("not a JSON object"));
  EXPECT_THAT(problemOf("{\"\xff\":1}", 0), HasSubstr("not valid UTF-8 JSON"));
  EXPECT_THAT(problemOf("{\"\xc0\xaf\":1}", 0), HasSubstr("not valid UTF-8 JSON"));      // overlong
  EXPECT_THAT(problemOf("{\"\xed\xa0\x80\":1}", 0), HasSubstr("not valid UTF-8 JSON"));  // surrogate
  EXPECT_THAT(problemOf("{", 0), HasSubstr("not valid UTF-8 JSON"));
  EXPECT_THAT(problemOf("", 0), HasSubstr("not a JSON object"));
  EXPECT_THAT(problemOf("[]", 0), HasSubstr("not a JSON object"));
  EXPECT_THAT(problemOf("\xef\xbb\xbf{}", 0), HasSubstr("not a JSON object"));  // byte order mark
  EXPECT_THAT(problemOf("{}{}", 0), HasSubstr("not valid UTF-8 JSON"));
  EXPECT_THAT(problemOf("{},", 0), HasSubstr("not valid UTF-8 JSON"));
  EXPECT_THAT(problemOf("{/**/}", 0), HasSubstr("not valid UTF-8 JSON"));
}

TEST(SafetensorsHeader, NulBytes) {
  EXPECT_THAT(problemOf(std::string("{}\0\0", 4), 0), HasSubstr("NUL"));
  EXPECT_THAT(problemOf(R"({"a\u0000b":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}})", 0),
              HasSubstr("NUL"));
}

TEST(SafetensorsHeader, FieldsMustBeTheThree) {
  EXPECT_THAT(problemOf(R"({"a":{"dtype":"U8","shape":[0]}})", 0),
              HasSubstr("lacks dtype, shape or data_offsets"));
  EXPECT_THAT(problemOf(R"({"a":{}})", 0), HasSubstr("lacks"));
  EXPECT_THAT(problemOf(R"({"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0],"strides":[1]}})", 0),
              HasSubstr("unknown field \"strides\""));
}

TEST(SafetensorsHeader, FieldTypes) {
  EXPECT_THAT(problemOf(R"({"a":1})", 0), HasSubstr("is not an object"));
  EXPECT_THAT(problemOf(R"({"a":[]})", 0), HasSubstr("is not an object"));
  for (const char* shape : {"[-1]", "[1.0]", "[1e0]", "[-0]", "[\"1\"]", "[null]", "[[1]]", "[{}]", "1",
                            "\"1\"", "null", "true", "{}", "[99999999999999999999999]"}) {
    EXPECT_THAT(problemOf("{" + tensor("a", "U8", shape, "[0,1]") + "}", 1), HasSubstr("wrong type"))
        << shape;
  }
  EXPECT_THAT(problemOf(R"({"a":{"dtype":1,"shape":[0],"data_offsets":[0,0]}})", 0), HasSubstr("wrong type"));
  EXPECT_THAT(problemOf(R"({"a":{"dtype":["U8"],"shape":[0],"data_offsets":[0,0]}})", 0),
              HasSubstr("wrong type"));
}

TEST(SafetensorsHeader, Dtypes) {
  EXPECT_THAT(problemOf("{" + tensor("a", "F31", "[1]", "[0,4]") + "}", 4),
              HasSubstr("unknown dtype \"F31\""));
  EXPECT_THAT(problemOf("{" + tensor("a", "f32", "[1]", "[0,4]") + "}", 4), HasSubstr("unknown dtype"));
  EXPECT_EQ(problemOf("{" + tensor("a", "F4", "[3,2]", "[0,3]") + "}", 3), "accepted");
  EXPECT_THAT(problemOf("{" + tensor("a", "F4", "[3]", "[0,2]") + "}", 2), HasSubstr("cannot be stored"));
}

TEST(SafetensorsHeader, TwoOffsets) {
  EXPECT_THAT(problemOf("{" + tensor("a", "U8", "[1]", "[0]") + "}", 1), HasSubstr("two data_offsets"));
  EXPECT_THAT(problemOf("{" + tensor("a", "U8", "[1]", "[0,1,1]") + "}", 1), HasSubstr("two data_offsets"));
  EXPECT_THAT(problemOf("{" + tensor("a", "U8", "[1]", "[0,-1]") + "}", 1), HasSubstr("wrong type"));
}

TEST(SafetensorsHeader, MetadataHoldsStrings) {
  EXPECT_THAT(problemOf(R"({"__metadata__":{"step":3}})", 0), HasSubstr("metadata \"step\" is not a string"));
  EXPECT_THAT(problemOf(R"({"__metadata__":{"a":{}}})", 0), HasSubstr("not a string"));
  EXPECT_THAT(problemOf(R"({"__metadata__":"pt"})", 0), HasSubstr("is not an object"));
}

TEST(SafetensorsHeader, DuplicateKeys) {
  const std::string a = tensor("a", "U8", "[1]", "[0,1]");
  EXPECT_THAT(problemOf("{" + a + "," + a + "}", 1), HasSubstr("\"a\" appears twice"));
  EXPECT_THAT(problemOf(R"({"a":{"dtype":"U8","shape":[0],"shape":[0],"data_offsets":[0,0]}})", 0),
              HasSubstr("twice"));
  EXPECT_THAT(problemOf(R"({"__metadata__":{"a":"1","a":"2"}})", 0), HasSubstr("twice"));
  EXPECT_THAT(problemOf(R"({"__metadata__":{},"__metadata__":{}})", 0), HasSubstr("twice"));
}

TEST(SafetensorsHeader, OverlapHoleAndReversedRange) {
  std::string ten = "{";
  for (int i = 0; i < 10; ++i)
    ten += (i ? "," : "") + tensor("t" + std::to_string(i), "I32", "[2,2]", "[0,16]");
  EXPECT_THAT(problemOf(ten + "}", 16), HasSubstr("where 16 was expected"));

  const std::string a = tensor("a", "U8", "[2]", "[0,2]");
  EXPECT_THAT(problemOf("{" + a + "," + tensor("b", "U8", "[2]", "[1,3]") + "}", 3),
              HasSubstr("where 2 was expected"));
  EXPECT_THAT(problemOf("{" + a + "," + tensor("b", "U8", "[2]", "[3,5]") + "}", 5),
              HasSubstr("where 2 was expected"));
  EXPECT_THAT(problemOf("{" + tensor("a", "U8", "[2]", "[1,3]") + "}", 3), HasSubstr("where 0 was expected"));
  EXPECT_THAT(problemOf("{" + a + "," + tensor("b", "U8", "[1]", "[2,1]") + "}", 2), HasSubstr("[2, 1)"));
}

TEST(SafetensorsHeader, SizeAgainstOffsets) {
  EXPECT_THAT(problemOf("{" + tensor("a", "I32", "[2,2]", "[0,4]") + "}", 4), HasSubstr("needs 16 bytes"));
  EXPECT_THAT(problemOf("{" + tensor("a", "I32", "[2,2]", "[0,20]") + "}", 20), HasSubstr("needs 16 bytes"));
}

TEST(SafetensorsHeader, TrailingJunkAndMissingBytes) {
  const std::string json = "{" + tensor("a", "I32", "[2,2]", "[0,16]") + "}";
  EXPECT_EQ(problemOf(json, 16), "accepted");
  EXPECT_THAT(problemOf(json, 25), HasSubstr("need 16 bytes of data, it has 25"));
  EXPECT_THAT(problemOf(json, 14), HasSubstr("need 16 bytes of data, it has 14"));
  EXPECT_THAT(problemOf("{}", 1), HasSubstr("need 0 bytes of data, it has 1"));
}

TEST(SafetensorsHeader, ShapesThatOverflow) {
  for (const char* shape : {"[2,18446744073709551614]", "[2,9223372036854775807]"}) {
    EXPECT_THAT(problemOf("{" + tensor("a", "I32", shape, "[0,16]") + "}", 16),
                HasSubstr("has the dimension"));
  }
  const std::string large = std::to_string(1ull << 40);
  const std::string product = "[" + large + "," + large + "]";
  EXPECT_THAT(problemOf("{" + tensor("a", "U8", product, "[0,0]") + "}", 0), HasSubstr("cannot be stored"));
  // 2^61 elements fit into 64 bits, their bits do not.
  const std::string bits = "[" + std::to_string(1ull << 48) + ",8192]";
  EXPECT_THAT(problemOf("{" + tensor("a", "F64", bits, "[0,0]") + "}", 0), HasSubstr("cannot be stored"));
  // A zero does not excuse the others: strides are made from them.
  EXPECT_THAT(problemOf("{" + tensor("a", "U8", "[0," + large + "," + large + "]", "[0,0]") + "}", 0),
              HasSubstr("cannot be stored"));
}

TEST(SafetensorsHeader, TooManyDimensions) {
  std::string shape = "[1";
  for (size_t i = 1; i < kMaxRank; ++i) shape += ",1";
  EXPECT_EQ(problemOf("{" + tensor("a", "U8", shape + "]", "[0,1]") + "}", 1), "accepted");
  EXPECT_THAT(problemOf("{" + tensor("a", "U8", shape + ",1]", "[0,1]") + "}", 1), HasSubstr("dimensions"));
}

TEST(SafetensorsHeader, DeepNestingIsRefusedAtOnce) {
  EXPECT_THAT(problemOf(R"({"a":{"shape":)" + std::string(1'000'000, '['), 0), HasSubstr("wrong type"));
}

TEST(SafetensorsHeader, HostileNamesStayInOneLine) {
  const std::string line = problemOf("{" + tensor(R"(a\n\u001b[2J)", "F31", "[1]", "[0,4]") + "}", 4);
  EXPECT_EQ(line.find('\x1b'), std::string::npos);
  EXPECT_LT(problemOf("{" + tensor(std::string(1 << 20, 'x'), "F31", "[1]", "[0,4]") + "}", 4).size(), 300u);
}

}  // namespace
}  // namespace ditscope::collector
