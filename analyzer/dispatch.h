// SPDX-License-Identifier: Apache-2.0
// Hands a command on to another program of the suite, as git does, so that `ditscope` itself never loads
// LibTorch or Qt.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string_view>

namespace ditscope::analyzer {

struct CompanionProgram {
  std::string_view command;  // of ditscope
  std::string_view program;
  std::string_view summary;
  std::string_view remedy;         // when it is not there
  std::string_view argument = "";  // its first, before those of the user
};
[[nodiscard]] std::span<const CompanionProgram> companionPrograms();

// Beside this program, else in a folder of PATH; empty when it is in neither.
[[nodiscard]] std::optional<std::filesystem::path> findProgram(std::string_view name);

// Replaces this process, so that exit code, signals and terminal are the program's own. `arguments` are
// those after the command, null-terminated as in main. Returns never: throws db::Error when it cannot start.
[[noreturn]] void becomeProgram(const CompanionProgram& companion, char** arguments);

}  // namespace ditscope::analyzer
