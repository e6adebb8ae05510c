// SPDX-License-Identifier: Apache-2.0
// What the compiler made of each kernel, read from the cubins inside object files (ELF for CUDA, uncompressed
// as nvcc 13 embeds them), without NVIDIA's disassembler.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace ditscope::kernels::test {

struct CompiledKernel {
  std::string name;                 // demangled
  int architecture = 0;             // 80, 90
  int registers = 0;                // a thread, at launch
  int frameBytes = 0;               // of local memory: spilled registers and indexed arrays
  std::map<unsigned, int> opcodes;  // low 12 bits of an instruction -> how many
  [[nodiscard]] int count(unsigned opcode) const {
    const auto found = opcodes.find(opcode);
    return found == opcodes.end() ? 0 : found->second;
  }
};

// Opcodes of sm_80 to sm_90, as nvcc 13.0 writes them.
inline constexpr unsigned kHgmmaShared = 0x9f0, kHgmmaRegisters = 0xdf0, kHmma = 0x23c;
inline constexpr unsigned kLoadLocal = 0x983, kStoreLocal = 0x387;

// Throws std::runtime_error, naming the file, when it holds no cubin or a broken one.
[[nodiscard]] std::vector<CompiledKernel> readCubins(const std::string& objectFile);

}  // namespace ditscope::kernels::test
