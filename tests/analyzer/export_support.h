// SPDX-License-Identifier: Apache-2.0
// What the tests of exports share: a folder with traces, the program, and Python as the reader from outside.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "tests/analyzer/run_program.h"

namespace ditscope::tests {

class Exports : public testing::Test {
 protected:
  [[nodiscard]] ProgramResult run(const std::vector<std::string>& arguments) const;
  // A script of tests/analyzer, in the folder of the traces.
  [[nodiscard]] ProgramResult python(const char* script, std::vector<std::string> arguments) const;
  [[nodiscard]] std::filesystem::path at(const std::string& name) const { return m_folder.path() / name; }

  void storedTrace(const char* name) const;     // tests/data/demo.db
  void syntheticTrace(const char* name) const;  // of a GPU with streams
  // Layers, kernels, methods and the model have names that are harmful wherever they are not escaped.
  void hostileTrace(const char* name) const;
  void overlappingTrace(const char* name) const;  // kernels of one stream, on two devices

  SpacedFolder m_folder;
};

}  // namespace ditscope::tests
