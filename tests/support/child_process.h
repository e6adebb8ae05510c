// SPDX-License-Identifier: Apache-2.0
// Runs a function in a process of its own: for tests that kill it, limit it or take its rights away.
// Fork only while the test has no other thread.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <functional>
#include <stdexcept>

namespace ditscope::tests {

class ChildProcess {
 public:
  explicit ChildProcess(const std::function<int()>& work) : m_pid(fork()) {
    if (m_pid < 0) throw std::runtime_error("cannot fork");
    if (m_pid > 0) return;
    int code = 99;
    try {
      code = work();
    } catch (const std::exception& error) {
      std::fprintf(stderr, "in the child process: %s\n", error.what());
    }
    _exit(code);
  }
  ~ChildProcess() { kill(); }
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  void kill() {
    if (m_pid <= 0) return;
    ::kill(m_pid, SIGKILL);
    (void)wait();
  }
  int wait() {  // its exit code; -1 when a signal ended it
    int status = 0;
    waitpid(m_pid, &status, 0);
    m_pid = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  pid_t m_pid;
};

inline int runInChild(const std::function<int()>& work) {
  return ChildProcess(work).wait();
}

}  // namespace ditscope::tests
