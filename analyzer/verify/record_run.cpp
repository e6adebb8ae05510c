// SPDX-License-Identifier: Apache-2.0
#include "analyzer/verify/record_run.h"

#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>

#include "analyzer/dispatch.h"
#include "db/enum_names.h"
#include "db/error.h"

namespace ditscope::analyzer {
namespace {

constexpr const char* kProgram = "ditscope-collect";

// This process outlives a Ctrl-C, which is meant for the recorder.
class IgnoreInterrupts {
 public:
  IgnoreInterrupts() {
    struct sigaction ignore = {};
    ignore.sa_handler = SIG_IGN;
    ::sigaction(SIGINT, &ignore, &m_before);
  }
  ~IgnoreInterrupts() { ::sigaction(SIGINT, &m_before, nullptr); }
  IgnoreInterrupts(const IgnoreInterrupts&) = delete;
  IgnoreInterrupts& operator=(const IgnoreInterrupts&) = delete;

 private:
  struct sigaction m_before = {};
};

int waitFor(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

pid_t start(const std::string& program, const std::vector<std::string>& arguments) {
  std::vector<std::string> words{program};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  sigset_t interrupts;
  ::sigemptyset(&interrupts);
  ::sigaddset(&interrupts, SIGINT);
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawn_file_actions_adddup2(&files, STDERR_FILENO, STDOUT_FILENO);  // stdout is for our report
  ::posix_spawnattr_init(&attributes);
  ::posix_spawnattr_setsigdefault(&attributes, &interrupts);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  pid_t child = -1;
  const int failed = ::posix_spawn(&child, program.c_str(), &files, &attributes, argv.data(), environ);
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&files);
  if (failed != 0)
    throw db::Error(db::Error::Kind::Failure, kProgram,
                    fmt::format("cannot start {}: {}", program, std::strerror(failed)),
                    "check that the file is a program of this machine");
  return child;
}

}  // namespace

std::vector<std::string> withConfig(const std::string& configFile) {
  return {"--config", configFile};
}

std::vector<std::string> withMethod(const std::string& method, const db::Run& dense) {
  return {"--method", method, "--block", fmt::format("{}", dense.blockQ)};
}

std::vector<std::string> collectArguments(const std::string& denseFile, const db::Run& dense,
                                          const std::vector<std::string>& what, db::RecordLevel level,
                                          const std::filesystem::path& out) {
  const auto refuse = [&](const char* why) {
    throw db::Error(
        db::Error::Kind::BadInput, denseFile, why,
        "record the run yourself with ditscope collect --config ... --record mass, and name its trace");
  };
  if (dense.modelPath.empty()) refuse("it does not say where its model lies");
  if (dense.label < 0) refuse("its sample was not made from a class label, and its prompt is not in it");
  std::vector<std::string> arguments{"--model", dense.modelPath};
  arguments.insert(arguments.end(), what.begin(), what.end());
  arguments.insert(arguments.end(),
                   {"--record", std::string(db::nameOf(level)), "--steps", fmt::format("{}", dense.nSteps),
                    "--seed", fmt::format("{}", dense.seed), "--label", fmt::format("{}", dense.label),
                    "--guidance", fmt::format("{}", dense.guidance), "--out", out.string()});
  return arguments;
}

void runCollect(const std::string& task, const std::vector<std::string>& arguments) {
  const std::optional<std::filesystem::path> program = findProgram(kProgram);
  if (!program)
    throw db::Error(
        db::Error::Kind::BadInput, task,
        fmt::format("{} is neither beside ditscope nor on PATH, and no recorded run is given", kProgram),
        "build DiTScope with LibTorch (layer collector), or name the trace of a run");
  const IgnoreInterrupts guard;
  const int exitCode = waitFor(start(program->string(), arguments));
  if (exitCode != 0)
    throw db::Error(exitCode == 3 ? db::Error::Kind::BadInput : db::Error::Kind::Failure, task,
                    fmt::format("{} ended with exit code {}", kProgram, exitCode), "see what it said above");
}

}  // namespace ditscope::analyzer
