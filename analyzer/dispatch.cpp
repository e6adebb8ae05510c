// SPDX-License-Identifier: Apache-2.0
#include "analyzer/dispatch.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "db/error.h"

namespace ditscope::analyzer {
namespace {

namespace fs = std::filesystem;

constexpr std::array<CompanionProgram, 5> kCompanions{{
    {"collect", "ditscope-collect", "record a sampling run into a trace",
     "build DiTScope with LibTorch (layer collector), or put ditscope-collect on PATH"},
    {"bench", "ditscope-bench", "measure the attention kernels against LibTorch and the machine's peak",
     "build DiTScope with LibTorch (layer collector), or put ditscope-bench on PATH"},
    {"methods", "ditscope-collect", "list the sparsity methods and their parameters",
     "build DiTScope with LibTorch (layer collector), or put ditscope-collect on PATH", "methods"},
    {"compare-methods", "ditscope-collect", "compare sparsity methods at equal density",
     "build DiTScope with LibTorch (layer collector), or put ditscope-collect on PATH", "compare-methods"},
    {"gui", "ditscope-gui", "open traces in the window",
     "build DiTScope with Qt 6 and QCustomPlot (layer gui), or put ditscope-gui on PATH"},
}};

bool isProgram(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored) && ::access(path.c_str(), X_OK) == 0;
}

std::vector<fs::path> searchFolders() {
  std::vector<fs::path> folders;
  std::error_code failed;
  const fs::path self = fs::read_symlink("/proc/self/exe", failed);
  if (!failed) folders.push_back(self.parent_path());
  const char* path = std::getenv("PATH");
  std::string_view rest = path == nullptr ? "" : path;
  while (!rest.empty()) {
    const std::string_view folder = rest.substr(0, rest.find(':'));
    // An empty entry means the working folder to a shell; a program from there would be a surprise.
    if (!folder.empty()) folders.emplace_back(folder);
    rest.remove_prefix(std::min(rest.size(), folder.size() + 1));
  }
  return folders;
}

}  // namespace

std::span<const CompanionProgram> companionPrograms() {
  return kCompanions;
}

std::optional<fs::path> findProgram(std::string_view name) {
  for (const fs::path& folder : searchFolders())
    if (fs::path candidate = folder / name; isProgram(candidate)) return candidate;
  return std::nullopt;
}

void becomeProgram(const CompanionProgram& companion, char** arguments) {
  const std::string what(companion.command);
  const std::optional<fs::path> program = findProgram(companion.program);
  if (!program)
    throw db::Error(db::Error::Kind::BadInput, what,
                    fmt::format("{} is neither beside ditscope nor on PATH", companion.program),
                    std::string(companion.remedy));
  std::string name = program->string();
  std::string argument(companion.argument);
  std::vector<char*> argv{name.data()};
  if (!argument.empty()) argv.push_back(argument.data());
  while (*arguments != nullptr) argv.push_back(*arguments++);
  argv.push_back(nullptr);
  ::execv(name.c_str(), argv.data());
  throw db::Error(db::Error::Kind::Failure, what,
                  fmt::format("cannot start {}: {}", name, std::strerror(errno)),
                  "check that the file is a program of this machine");
}

}  // namespace ditscope::analyzer
