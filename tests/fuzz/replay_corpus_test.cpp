// SPDX-License-Identifier: Apache-2.0
// Runs a fuzz target over its committed corpus, with any compiler: what once was found stays found.
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

TEST(DITSCOPE_FUZZ_SUITE, HandlesEveryInputOfItsCorpus) {
  int inputs = 0;
  for (const auto& entry : std::filesystem::directory_iterator(DITSCOPE_CORPUS_DIR)) {
    SCOPED_TRACE(entry.path());
    std::ifstream in(entry.path(), std::ios::binary);
    std::vector<uint8_t> bytes{std::istreambuf_iterator<char>(in), {}};
    EXPECT_EQ(LLVMFuzzerTestOneInput(bytes.data(), bytes.size()), 0);
    // And every input that ends too early.
    for (size_t size = 0; size < bytes.size(); size += 1 + bytes.size() / 50) {
      EXPECT_EQ(LLVMFuzzerTestOneInput(bytes.data(), size), 0);
    }
    ++inputs;
  }
  EXPECT_GT(inputs, 3);
}
