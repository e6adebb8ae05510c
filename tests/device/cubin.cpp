// SPDX-License-Identifier: Apache-2.0
#include "tests/device/cubin.h"

#include <cxxabi.h>
#include <elf.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string_view>

namespace ditscope::kernels::test {
namespace {

constexpr unsigned kCudaMachine = 190;
constexpr size_t kInstructionBytes = 16;
constexpr unsigned kRegisterCount = 0x2f, kFrameSize = 0x11;  // attributes of .nv.info: (symbol, value)

std::string demangled(const std::string& name) {
  int status = 0;
  char* text = abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status);
  std::string result = status == 0 ? text : name;
  std::free(text);
  return result;
}

// One ELF image that begins at the start of `image`; every read is checked.
class Cubin {
 public:
  explicit Cubin(std::string_view image) : m_image(image), m_header(read<Elf64_Ehdr>(0)) {}

  [[nodiscard]] bool isCuda() const { return m_header.e_machine == kCudaMachine; }

  [[nodiscard]] std::vector<CompiledKernel> kernels() const {
    constexpr std::string_view kText = ".text.";
    std::vector<CompiledKernel> all;
    std::map<std::string, size_t> byName;
    for (int i = 0; i < m_header.e_shnum; ++i) {
      const std::string name = sectionName(i);
      if (!name.starts_with(kText)) continue;
      byName[name.substr(kText.size())] = all.size();
      all.push_back(readCode(section(i)));
      all.back().name = demangled(name.substr(kText.size()));
    }
    for (int i = 0; i < m_header.e_shnum; ++i)
      if (sectionName(i) == ".nv.info") readAttributes(section(i), all, byName);
    return all;
  }

 private:
  template <class T>
  [[nodiscard]] T read(size_t offset) const {
    T value;
    if (offset + sizeof(T) > m_image.size()) throw std::runtime_error("a cubin is cut off");
    std::memcpy(&value, m_image.data() + offset, sizeof(T));
    return value;
  }
  [[nodiscard]] Elf64_Shdr section(int i) const {
    return read<Elf64_Shdr>(m_header.e_shoff + size_t(i) * sizeof(Elf64_Shdr));
  }
  [[nodiscard]] std::string text(size_t offset) const {
    if (offset >= m_image.size()) throw std::runtime_error("a cubin is cut off");
    return {m_image.data() + offset, ::strnlen(m_image.data() + offset, m_image.size() - offset)};
  }
  [[nodiscard]] std::string sectionName(int i) const {
    return text(section(m_header.e_shstrndx).sh_offset + section(i).sh_name);
  }

  [[nodiscard]] CompiledKernel readCode(const Elf64_Shdr& code) const {
    CompiledKernel kernel;
    for (size_t at = 0; at + kInstructionBytes <= code.sh_size; at += kInstructionBytes)
      ++kernel.opcodes[unsigned(read<uint64_t>(code.sh_offset + at) & 0xfff)];
    return kernel;
  }

  // Records of (format, attribute, bytes) and as many bytes; those of format 4 with 8 bytes hold a symbol's
  // value.
  void readAttributes(const Elf64_Shdr& info, std::vector<CompiledKernel>& all,
                      const std::map<std::string, size_t>& byName) const {
    for (size_t at = 0; at + 4 <= info.sh_size;) {
      const unsigned format = read<uint8_t>(info.sh_offset + at);
      const unsigned attribute = read<uint8_t>(info.sh_offset + at + 1);
      const unsigned bytes = format == 4 ? read<uint16_t>(info.sh_offset + at + 2) : 0;
      if (format == 4 && bytes == 8) {
        const auto found = byName.find(symbolName(read<uint32_t>(info.sh_offset + at + 4), info.sh_link));
        const int value = int(read<uint32_t>(info.sh_offset + at + 8));
        if (found != byName.end() && attribute == kRegisterCount) all[found->second].registers = value;
        if (found != byName.end() && attribute == kFrameSize) all[found->second].frameBytes = value;
      }
      at += 4 + bytes;
    }
  }
  [[nodiscard]] std::string symbolName(uint32_t symbol, uint32_t table) const {
    const Elf64_Shdr symbols = section(int(table));
    const auto entry = read<Elf64_Sym>(symbols.sh_offset + symbol * sizeof(Elf64_Sym));
    return text(section(int(symbols.sh_link)).sh_offset + entry.st_name);
  }

  std::string_view m_image;
  Elf64_Ehdr m_header;

 public:
  // ELF of nvcc 13 keeps the architecture in the second byte of the flags, older ones in the first.
  [[nodiscard]] int architecture() const {
    const unsigned second = m_header.e_flags >> 8 & 0xff;
    return int(second >= 50 ? second : m_header.e_flags & 0xff);
  }
};

}  // namespace

std::vector<CompiledKernel> readCubins(const std::string& objectFile) {
  std::ifstream file(objectFile, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), {});
  std::vector<CompiledKernel> all;
  constexpr std::string_view kMagic(
      "\x7f"
      "ELF");
  for (size_t at = bytes.find(kMagic); at != std::string::npos; at = bytes.find(kMagic, at + 4)) {
    const Cubin cubin(std::string_view(bytes).substr(at));
    if (!cubin.isCuda()) continue;
    for (CompiledKernel& kernel : cubin.kernels()) {
      kernel.architecture = cubin.architecture();
      all.push_back(std::move(kernel));
    }
  }
  if (all.empty()) throw std::runtime_error(objectFile + " holds no cubin that can be read");
  return all;
}

}  // namespace ditscope::kernels::test
