// SPDX-License-Identifier: Apache-2.0
#include "tests/analyzer/run_program.h"

#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace ditscope::tests {
namespace {

std::string quoted(const std::string& word) {
  std::string shell = "'";
  for (const char c : word) shell += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return shell + "'";
}

std::string shellCommand(const std::filesystem::path& program, const std::vector<std::string>& arguments,
                         const std::filesystem::path& workingFolder,
                         const std::vector<std::string>& environment) {
  std::string command = "cd " + quoted(workingFolder) + " && exec env -i LC_ALL=C.UTF-8";
  for (const std::string& variable : environment) command += " " + quoted(variable);
  command += " " + quoted(program);
  for (const std::string& argument : arguments) command += " " + quoted(argument);
  return command;
}

int exitCodeOf(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

ProgramResult runProgram(const std::filesystem::path& program, const std::vector<std::string>& arguments,
                         const std::filesystem::path& workingFolder,
                         const std::vector<std::string>& environment) {
  const TempDir captured;
  const std::string command = shellCommand(program, arguments, workingFolder, environment) + " >" +
                              quoted(captured / "out") + " 2>" + quoted(captured / "err");
  const int exitCode = exitCodeOf(std::system(command.c_str()));
  return {.exitCode = exitCode, .out = readText(captured / "out"), .err = readText(captured / "err")};
}

ProgramResult runOnTerminal(const std::filesystem::path& program, const std::vector<std::string>& arguments,
                            const std::filesystem::path& workingFolder,
                            const std::vector<std::string>& environment) {
  const std::string command = shellCommand(program, arguments, workingFolder, environment);
  int terminal = -1;
  const pid_t child = ::forkpty(&terminal, nullptr, nullptr, nullptr);
  if (child < 0) throw std::runtime_error("no pseudo terminal");
  if (child == 0) {
    ::execl("/bin/sh", "sh", "-c", command.c_str(), static_cast<char*>(nullptr));
    ::_exit(127);
  }
  ProgramResult result;
  std::array<char, 4096> buffer{};
  for (ssize_t n = 0; (n = ::read(terminal, buffer.data(), buffer.size())) > 0;)
    result.out.append(buffer.data(), size_t(n));
  int status = 0;
  ::waitpid(child, &status, 0);
  ::close(terminal);
  result.exitCode = exitCodeOf(status);
  return result;
}

std::string readText(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void writeText(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

}  // namespace ditscope::tests
