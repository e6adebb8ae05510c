// SPDX-License-Identifier: Apache-2.0
#include "collector/safetensors.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "db/error.h"
#include "tests/collector/temporary_folder.h"

namespace ditscope::collector {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class Safetensors : public ::testing::Test {
 protected:
  // Writes a file from its JSON and data; the length is right unless it is given.
  fs::path write(const std::string& json, const std::string& data) const {
    const uint64_t length = json.size();
    std::string bytes(reinterpret_cast<const char*>(&length), sizeof length);
    return writeRaw(bytes + json + data);
  }
  fs::path writeRaw(const std::string& bytes) const {
    const fs::path file = m_folder.path() / "x.safetensors";
    std::ofstream(file, std::ios::binary) << bytes;
    return file;
  }
  static std::string problemOf(const fs::path& file) {
    try {
      readSafetensors(file);
    } catch (const db::Error& error) {
      EXPECT_THAT(error.what(), HasSubstr(file.string()));
      return error.what();
    }
    return "accepted";
  }

  TemporaryFolder m_folder;
};

TEST_F(Safetensors, RoundTripOfEveryDtype) {
  TensorMap tensors;
  for (const at::ScalarType type : {at::kBool, at::kByte, at::kChar, at::kShort, at::kInt, at::kLong,
                                    at::kHalf, at::kBFloat16, at::kFloat, at::kDouble, at::kComplexFloat}) {
    tensors[std::string("t.") + c10::toString(type)] = at::arange(6, at::kFloat).reshape({2, 3}).to(type);
  }
  tensors["scalar"] = at::full({}, 2.5);
  tensors["empty"] = at::empty({2, 0});
  tensors["strided"] = at::arange(6, at::kFloat).reshape({2, 3}).t();

  const fs::path file = m_folder.path() / "all.safetensors";
  writeSafetensors(file, tensors, {{"format", "pt"}});
  Metadata metadata;
  const TensorMap got = readSafetensors(file, &metadata);

  EXPECT_EQ(metadata, (Metadata{{"format", "pt"}}));
  ASSERT_EQ(got.size(), tensors.size());
  for (const auto& [name, tensor] : tensors) {
    EXPECT_EQ(got.at(name).scalar_type(), tensor.scalar_type()) << name;
    EXPECT_TRUE(got.at(name).equal(tensor)) << name;
  }
}

TEST_F(Safetensors, WrittenFilesAreAlignedAndLeaveNoPart) {
  const fs::path file = m_folder.path() / "a.safetensors";
  writeSafetensors(file, {{"a", at::ones({3}, at::kByte)}, {"b", at::ones({1}, at::kDouble)}});
  writeSafetensors(file,
                   {{"a", at::ones({3}, at::kByte)}, {"b", at::ones({1}, at::kDouble)}});  // replaces it
  uint64_t length = 0;
  std::ifstream(file, std::ios::binary).read(reinterpret_cast<char*>(&length), sizeof length);
  EXPECT_EQ(length % 8, 0u);
  EXPECT_EQ(fs::file_size(file), 8 + length + 8 + 3);
  EXPECT_EQ(std::distance(fs::directory_iterator(m_folder.path()), fs::directory_iterator()), 1);
}

TEST_F(Safetensors, UnalignedOlderFile) {
  const fs::path file = write(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                              R"("b":{"dtype":"I32","shape":[1],"data_offsets":[1,5]}})",
                              std::string("\x07\x01\x02\x00\x00", 5));
  EXPECT_EQ(readSafetensors(file).at("b").item<int>(), 0x201);
}

TEST_F(Safetensors, F8IsDecoded) {
  const fs::path file = write(R"({"e4m3":{"dtype":"F8_E4M3","shape":[6],"data_offsets":[0,6]},)"
                              R"("e5m2":{"dtype":"F8_E5M2","shape":[4],"data_offsets":[6,10]}})",
                              std::string("\x38\xb8\x01\x08\x7e\x7f\x3c\xbc\x7b\x7c", 10));
  const TensorMap got = readSafetensors(file);
  const at::Tensor e4m3 = got.at("e4m3");
  EXPECT_EQ(e4m3.scalar_type(), at::kFloat);
  const float expected[] = {1.0F, -1.0F, std::ldexp(1.0F, -9), std::ldexp(1.0F, -6), 448.0F};
  for (int i = 0; i < 5; ++i) EXPECT_EQ(e4m3[i].item<float>(), expected[i]) << i;
  EXPECT_TRUE(std::isnan(e4m3[5].item<float>()));
  const at::Tensor e5m2 = got.at("e5m2");
  EXPECT_EQ(e5m2[0].item<float>(), 1.0F);
  EXPECT_EQ(e5m2[1].item<float>(), -1.0F);
  EXPECT_EQ(e5m2[2].item<float>(), 57344.0F);
  EXPECT_TRUE(std::isinf(e5m2[3].item<float>()));
}

TEST_F(Safetensors, DtypesThatLibTorchLacks) {
  for (const char* dtype : {"U16", "F8_E8M0", "F8_E4M3FNUZ"}) {
    const std::string bytes(std::string(dtype) == "U16" ? 2 : 1, '\0');
    const fs::path file =
        write(R"({"a":{"dtype":")" + std::string(dtype) + R"(","shape":[1],"data_offsets":[0,)" +
                  std::to_string(bytes.size()) + "]}}",
              bytes);
    EXPECT_THAT(problemOf(file), HasSubstr(dtype));
  }
}

TEST_F(Safetensors, HostileFilesAreRefused) {
  EXPECT_THAT(problemOf(writeRaw("")), HasSubstr("shorter than 8 bytes"));
  EXPECT_THAT(problemOf(writeRaw(std::string("\x3c\0\0\0\0\0\0\0", 8))), HasSubstr("claims 60 bytes"));
  EXPECT_THAT(problemOf(writeRaw(std::string("\x3c\0\0\0\0\xff\xff\xff", 8) + "{}")), HasSubstr("claims"));
  EXPECT_THAT(problemOf(write("{}", "junk")), HasSubstr("it has 4"));
  const std::string one = R"({"a":{"dtype":"I32","shape":[2],"data_offsets":[0,8]}})";
  EXPECT_THAT(problemOf(write(one, "123456")), HasSubstr("it has 6"));
  EXPECT_EQ(problemOf(write(one, "12345678")), "accepted");
}

TEST_F(Safetensors, PathsThatAreNoFile) {
  EXPECT_THAT(problemOf(m_folder.path() / "absent.safetensors"), HasSubstr("cannot read it"));
  EXPECT_THAT(problemOf(m_folder.path()), HasSubstr("cannot read it"));
}

TEST_F(Safetensors, AFailedWriteNamesTheFile) {
  const fs::path file = m_folder.path() / "no" / "such" / "x.safetensors";
  try {
    writeSafetensors(file, {{"a", at::ones({1})}});
    FAIL();
  } catch (const db::Error& error) {
    EXPECT_EQ(error.kind(), db::Error::Kind::Failure);
    EXPECT_THAT(error.what(), HasSubstr("x.safetensors"));
  }
  EXPECT_THROW(writeSafetensors(m_folder.path() / "x", {{"\xff", at::ones({1})}}), db::Error);
}

}  // namespace
}  // namespace ditscope::collector
