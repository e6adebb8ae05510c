// SPDX-License-Identifier: Apache-2.0
#include "kernels/parallel.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <vector>

namespace ditscope::kernels {
namespace {

TEST(ParallelFor, RunsEachIndexOnce) {
  for (const int threads : {1, 4}) {
    std::vector<std::atomic<int>> runs(100);
    parallelFor(100, threads, [&](int64_t i, int thread) {
      EXPECT_LT(thread, threads);
      ++runs[size_t(i)];
    });
    for (const auto& count : runs) EXPECT_EQ(count, 1);
  }
}

TEST(ParallelFor, HandsOnTheExceptionOfATask) {
  for (const int threads : {1, 4}) {
    EXPECT_THROW(parallelFor(10, threads,
                             [](int64_t i, int) {
                               if (i == 3) throw std::runtime_error("three");
                             }),
                 std::runtime_error);
  }
}

}  // namespace
}  // namespace ditscope::kernels
