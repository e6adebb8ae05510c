// SPDX-License-Identifier: Apache-2.0
// Matches the kernels that a tracer saw with the launches that started them and the attention calls that the
// launches were made for. The three kinds of record come in any order, often from different buffers; a kernel
// waits here until its launch is known. Nothing that looks wrong is dropped: it is flagged and counted.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "db/model.h"

namespace ditscope::collector {

// As the tracer saw it; times in ns of the tracer's clock. start = end = 0: it could not be timed.
struct TracedKernel {
  uint64_t start = 0;
  uint64_t end = 0;
  uint32_t correlation = 0;  // of its launch; the nodes of a graph share one
  uint32_t device = 0;
  uint32_t stream = 0;
  db::LaunchConfig config = {};
};

// Counters of the capture's health (profilers' known failures), all 0 in a good one.
struct LedgerHealth {
  int64_t zeroTime = 0;      // kernels without a time
  int64_t beforeLaunch = 0;  // kernels that start before they were launched
  int64_t orphans = 0;       // kernels whose launch was not seen
  int64_t unmatched = 0;     // launches whose kernel was not seen
};

// Between the tracer's clock and the run's: both were read at the same time.
struct ClockAnchor {
  int64_t runNs = 0;
  uint64_t tracerNs = 0;
  [[nodiscard]] int64_t toRun(uint64_t time) const { return runNs + int64_t(time - tracerNs); }
};

class KernelLedger {
 public:
  // Receives kernels whose deviceId is the tracer's ordinal and whose configId is not set yet.
  using Sink = std::function<void(const db::LaunchConfig&, db::Kernel)>;

  explicit KernelLedger(ClockAnchor anchor) : m_anchor(anchor) {}

  // A runtime call and the driver call inside it may both be reported: the earlier start counts.
  void addLaunch(uint32_t correlation, uint64_t startNs);
  void addCall(uint32_t correlation, int64_t callId);
  void addKernel(TracedKernel kernel);

  // Hands on the kernels whose launch is known; at the end of the capture all of them.
  void settle(bool atEnd, const Sink& sink);
  [[nodiscard]] LedgerHealth health() const;  // after the last settle()
  [[nodiscard]] int64_t kernels() const { return m_kernels; }
  [[nodiscard]] int64_t linked() const { return m_linked; }  // to an attention call

 private:
  struct Launch {
    uint64_t start = 0;
    int64_t callId = 0;
    bool hasKernel = false;
  };
  void handOn(const TracedKernel& kernel, Launch* launch, const Sink& sink);

  ClockAnchor m_anchor;
  // Correlations are 32 bits wide and may come round again, in runs of billions of launches: those that had
  // their kernel are forgotten a settle() later.
  std::unordered_map<uint32_t, Launch> m_launches;
  std::vector<TracedKernel> m_waiting;
  LedgerHealth m_health;
  int64_t m_kernels = 0;
  int64_t m_linked = 0;
};

}  // namespace ditscope::collector
