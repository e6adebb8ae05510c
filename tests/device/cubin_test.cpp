// SPDX-License-Identifier: Apache-2.0
// The compiled kernels: what a GPU would only show as slowness. Object files come in DITSCOPE_CUDA_OBJECTS.
#include <gtest/gtest.h>

#include <sstream>

#include "tests/device/cubin.h"

namespace ditscope::kernels::test {
namespace {

std::vector<CompiledKernel> compiledKernels(const std::string& part) {
  std::vector<CompiledKernel> found;
  std::istringstream files(DITSCOPE_CUDA_OBJECTS);
  for (std::string file; std::getline(files, file, '|');)
    for (CompiledKernel& kernel : readCubins(file))
      if (kernel.name.find(part) != std::string::npos) found.push_back(std::move(kernel));
  return found;
}

// The one exception: two row tiles of D = 128 for sm_90, where Wgmma takes that D. Nine addresses are spilled
// before the loop and read once a key block.
bool maySpillAddresses(const CompiledKernel& kernel) {
  return kernel.architecture == 90 && kernel.name.find("128, 64, 2, false") != std::string::npos &&
         kernel.frameBytes <= 40 && kernel.count(kLoadLocal) + kernel.count(kStoreLocal) <= 18;
}

TEST(Cubins, NoKernelSpillsOrUsesLocalMemory) {
  const auto kernels = compiledKernels("");
  EXPECT_GT(kernels.size(), 60u);
  for (const CompiledKernel& kernel : kernels) {
    SCOPED_TRACE(kernel.name + " for sm_" + std::to_string(kernel.architecture));
    if (maySpillAddresses(kernel)) continue;
    EXPECT_EQ(kernel.frameBytes, 0);
    EXPECT_EQ(kernel.count(kLoadLocal) + kernel.count(kStoreLocal), 0);
    EXPECT_GT(kernel.registers, 0);
  }
}

TEST(Cubins, TheWgmmaKernelsMultiplyWithWgmmaAlone) {
  const auto kernels = compiledKernels("wgmmaAttention<");
  EXPECT_EQ(kernels.size(), 3u * 2 * 2 * 4);  // D, dtype, block, what is observed
  for (const CompiledKernel& kernel : kernels) {
    SCOPED_TRACE(kernel.name);
    const bool isWide = kernel.name.find("128, 2, (") != std::string::npos;
    EXPECT_EQ(kernel.architecture, 90);
    EXPECT_GE(kernel.count(kHgmmaShared), 4);                  // QK: D / 16 products
    EXPECT_GE(kernel.count(kHgmmaRegisters), isWide ? 8 : 4);  // PV: keys / 16 products
    EXPECT_EQ(kernel.count(kHmma), 0);
    EXPECT_LE(kernel.registers, isWide ? 168 : 128);  // 65536 by 384, by 2 x 256 threads
  }
}

TEST(Cubins, TheMmaKernelsMultiplyWithTensorCores) {
  const auto kernels = compiledKernels("mmaAttention<");
  for (const CompiledKernel& kernel : kernels) {
    if (kernel.name.find("wgmma") != std::string::npos) continue;
    SCOPED_TRACE(kernel.name + " for sm_" + std::to_string(kernel.architecture));
    EXPECT_GE(kernel.count(kHmma), 16);
    EXPECT_EQ(kernel.count(kHgmmaShared) + kernel.count(kHgmmaRegisters), 0);
    EXPECT_LE(kernel.registers, 255);
  }
}

TEST(Cubins, AFileWithoutOneIsRefused) {
  EXPECT_THROW((void)readCubins("/nowhere.o"), std::runtime_error);
}

}  // namespace
}  // namespace ditscope::kernels::test
