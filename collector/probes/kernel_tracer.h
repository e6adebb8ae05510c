// SPDX-License-Identifier: Apache-2.0
// Every kernel that the GPU runs, into the trace: when it ran, how it was launched, and for which attention
// call. CUPTI sees them; builds and machines without it say so once, and the run goes on with the times of
// the attention calls alone.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "collector/run_clock.h"
#include "db/trace_writer.h"

namespace ditscope::collector {

struct TracerReport {
  int64_t kernels = 0;
  int64_t linked = 0;                          // to an attention call
  int64_t unmatched = 0;                       // launches whose kernel was not seen
  std::vector<db::HealthCounter> health = {};  // all 0 in a good capture
  std::vector<std::string> notes = {};         // facts about the capture, for the trace's diagnostics
};

class KernelTracer {
 public:
  // Takes hold of CUPTI, at most once at a time in a process and before the first work on the GPU. Null where
  // that cannot be; `whyNot` then says why.
  static std::unique_ptr<KernelTracer> open(std::string& whyNot);
  ~KernelTracer();  // stops and lets go of CUPTI
  KernelTracer(const KernelTracer&) = delete;
  KernelTracer& operator=(const KernelTracer&) = delete;

  [[nodiscard]] std::string version() const;  // of CUPTI, for example 13.0

  // From here to stop() or giveUp(), kernels are written as those of `deviceId`. start() and stop() are
  // called while the GPU is idle; `writer` and `clock` outlive the span between them.
  void start(db::TraceWriter& writer, int64_t deviceId, const RunClock& clock);
  TracerReport stop();
  void giveUp();  // without writing what is still under way

 private:
  KernelTracer();
  struct Impl;
  std::unique_ptr<Impl> m_impl;
};

}  // namespace ditscope::collector
