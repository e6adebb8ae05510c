// SPDX-License-Identifier: Apache-2.0
// Runs a program as a person would and keeps what it wrote.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/temp_dir.h"

namespace ditscope::tests {

struct ProgramResult {
  int exitCode = -1;  // 128 + signal when one ended it
  std::string out;
  std::string err;
};
// In folder `workingFolder`, with LC_ALL=C.UTF-8 and then `environment` ("A=b") added to an empty one.
[[nodiscard]] ProgramResult runProgram(const std::filesystem::path& program,
                                       const std::vector<std::string>& arguments,
                                       const std::filesystem::path& workingFolder,
                                       const std::vector<std::string>& environment = {});

// The same with stdout on a terminal of its own, which gets out and err mixed.
[[nodiscard]] ProgramResult runOnTerminal(const std::filesystem::path& program,
                                          const std::vector<std::string>& arguments,
                                          const std::filesystem::path& workingFolder,
                                          const std::vector<std::string>& environment = {});

// A folder with a space in its path, removed with this.
class SpacedFolder {
 public:
  SpacedFolder() { std::filesystem::create_directory(path()); }
  [[nodiscard]] std::filesystem::path path() const { return m_outer / "a folder"; }

 private:
  TempDir m_outer;
};

[[nodiscard]] std::string readText(const std::filesystem::path& path);
void writeText(const std::filesystem::path& path, const std::string& text);

}  // namespace ditscope::tests
