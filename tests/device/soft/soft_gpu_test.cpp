// SPDX-License-Identifier: Apache-2.0
// That the emulator finds what it is there to find: small kernels, each with one mistake.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <stdexcept>

#include "tests/device/soft/cuda_names.h"
#include "tests/device/soft/soft_gpu.h"
#include "tests/device/soft/thread_copies.h"
#include "tests/device/soft/warpgroup_products.h"

namespace ditscope::kernels::soft {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

constexpr int kBytes = 16384;

void run(int threads, const std::function<void()>& kernel) {
  runGrid({1, 1, 1}, threads, kBytes, kernel);
}
uint32_t start() {
  return addressOf(dynamicMemory());
}

uint64_t descriptorAt(uint32_t address) {
  return uint64_t(address >> 4) | uint64_t(1024 >> 4) << 32 | uint64_t(1) << 62;
}
float fromBits(uint16_t bits) {
  return float(bits);
}

TEST(SoftGpu, ABarrierThatNotAllReachHangs) {
  EXPECT_THAT(
      [] {
        run(64, [] {
          if (thread() < 63) __syncthreads();
        });
      },
      ThrowsMessage<std::runtime_error>(HasSubstr("63 threads from 0 on wait for a named barrier")));
}

TEST(SoftGpu, AWrongParityHangs) {
  const auto kernel = [] {
    if (thread() == 0) initBarrier(start(), 1);
    __syncthreads();
    waitUntil("an mbarrier", [] { return phaseIsOver(start(), 0); });
  };
  EXPECT_THAT([&] { run(32, kernel); },
              ThrowsMessage<std::runtime_error>(HasSubstr("32 threads from 0 on wait for an mbarrier")));
}

TEST(SoftGpu, OneArrivalTooManyIsAnError) {
  const auto kernel = [] {
    if (thread() == 0) initBarrier(start(), 2);
    __syncthreads();
    if (thread() == 0) completeBytes(start(), -16);  // bytes are still to come, so the phase goes on
    arrive(start(), 0);
  };
  EXPECT_THAT([&] { run(32, kernel); }, ThrowsMessage<std::runtime_error>(HasSubstr("more arrivals")));
}

TEST(SoftGpu, SharedMemoryHasAnEnd) {
  EXPECT_THAT([] { run(1, [] { static_cast<void>(at(start() + kBytes - 4, 8)); }); },
              ThrowsMessage<std::runtime_error>(HasSubstr("shared memory ends")));
}

TEST(SoftGpu, WhoDoesNotWaitForACopySeesNoData) {
  alignas(16) static const float source[4] = {1, 2, 3, 4};
  float early = 0;
  float late = 0;
  setSchedule({.copiesAreLate = true});
  run(1, [&] {
    copy16(start(), source);
    commitCopies();
    std::memcpy(&early, at(start(), 4), 4);
    waitCopies(0);
    std::memcpy(&late, at(start(), 4), 4);
  });
  setSchedule({});
  EXPECT_TRUE(std::isnan(early));
  EXPECT_EQ(late, 1);
}

TEST(SoftGpu, AccumulatorsAreKnownOnlyAfterTheWait) {
  run(kGroup, [] {
    std::memset(at(1024 + uint32_t(thread()) * 64, 64), 0, 64);
    __syncthreads();
    float c[8][4] = {};
    issueProduct(
        {.c = c[0], .columns = 64, .a = descriptorAt(1024), .b = descriptorAt(1024), .toFloat = fromBits});
    commitProducts();
    if (!std::isnan(c[3][1])) fail("a register that a product writes has a value");
    waitProducts(0);
    if (c[3][1] != 0) fail("the product is wrong");
  });
}

TEST(SoftGpu, WeightsMustNotChangeBeforeTheProductIsDone) {
  const auto kernel = [] {
    std::memset(at(1024 + uint32_t(thread()) * 64, 64), 0, 64);
    __syncthreads();
    float c[8][4] = {};
    uint32_t a[4] = {};
    issueProduct({.c = c[0], .columns = 64, .b = descriptorAt(1024), .aRegisters = a, .toFloat = fromBits});
    commitProducts();
    a[0] = 1;
    waitProducts(0);
  };
  EXPECT_THAT([&] { run(kGroup, kernel); }, ThrowsMessage<std::runtime_error>(HasSubstr("weights changed")));
}

}  // namespace
}  // namespace ditscope::kernels::soft
