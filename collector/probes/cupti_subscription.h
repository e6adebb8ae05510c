// SPDX-License-Identifier: Apache-2.0
// Hold of CUPTI, which one profiler at a time can have in a process, and what is asked of it. Only compiled
// where CUPTI's headers are.
#pragma once

#include <string>

#include "collector/probes/cupti_buffers.h"
#include "collector/probes/cupti_library.h"

namespace ditscope::collector {

// Where CUPTI puts its records. Its callbacks take no argument and cannot be taken back, and it may keep
// blocks for ever: the pool is never freed.
[[nodiscard]] CuptiBuffers& cuptiPool();

class CuptiSubscription {
 public:
  CuptiSubscription() = default;
  ~CuptiSubscription();
  CuptiSubscription(const CuptiSubscription&) = delete;
  CuptiSubscription& operator=(const CuptiSubscription&) = delete;

  // Each returns why not, empty when it worked. take() comes before the first work on the GPU; of the kinds
  // of records, those that the trace cannot do without must be had, others are taken where they are.
  [[nodiscard]] std::string take();
  [[nodiscard]] std::string enable();
  void disable();

  [[nodiscard]] const CuptiLibrary& cupti() const { return m_cupti; }

 private:
  std::string subscribe();

  CuptiLibrary m_cupti;
  CUpti_SubscriberHandle m_subscriber = nullptr;
};

}  // namespace ditscope::collector
