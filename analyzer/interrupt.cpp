// SPDX-License-Identifier: Apache-2.0
#include "analyzer/interrupt.h"

#include <csignal>

namespace ditscope::analyzer {
namespace {

volatile std::sig_atomic_t g_stop = 0;

}  // namespace

StopOnInterrupt::StopOnInterrupt() {
  g_stop = 0;
  m_before = std::signal(SIGINT, [](int) { g_stop = 1; });
}

StopOnInterrupt::~StopOnInterrupt() {
  std::signal(SIGINT, m_before);
}

bool StopOnInterrupt::stopped() const {
  return g_stop != 0;
}

}  // namespace ditscope::analyzer
