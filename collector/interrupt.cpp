// SPDX-License-Identifier: Apache-2.0
#include "collector/interrupt.h"

#include <csignal>

namespace ditscope::collector {
namespace {

volatile std::sig_atomic_t g_interrupted = 0;

void onSignal(int) {
  g_interrupted = 1;
}

}  // namespace

InterruptGuard::InterruptGuard() {
  g_interrupted = 0;
  struct sigaction action = {};
  action.sa_handler = onSignal;
  action.sa_flags = static_cast<int>(SA_RESETHAND);  // the next signal has its default effect
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

InterruptGuard::~InterruptGuard() {
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}

bool InterruptGuard::interrupted() {
  return g_interrupted != 0;
}

}  // namespace ditscope::collector
