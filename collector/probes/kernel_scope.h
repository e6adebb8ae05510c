// SPDX-License-Identifier: Apache-2.0
// Says which attention call the kernels belong to that this thread launches. Costs a branch while no tracer
// is running (kernel_tracer.h).
#pragma once

#include <cstdint>

namespace ditscope::collector {

class KernelScope {  // from construction to destruction; scopes of a thread nest
 public:
  explicit KernelScope(int64_t callId);  // 0 = of no call
  ~KernelScope();
  KernelScope(const KernelScope&) = delete;
  KernelScope& operator=(const KernelScope&) = delete;

 private:
  bool m_pushed = false;
};

}  // namespace ditscope::collector
