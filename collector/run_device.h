// SPDX-License-Identifier: Apache-2.0
// The processor that a run computes on, and the tracer that watches it: what they add to the trace.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "collector/denoiser.h"
#include "collector/probes/kernel_tracer.h"
#include "collector/recorder.h"

namespace ditscope::collector {

class RunDevice {
 public:
  // tracer: auto (every kernel of a GPU, where CUPTI can be had), on (throws db::Error where it cannot) or
  // off. To be made before the first work on the GPU.
  RunDevice(const LoadOptions& where, const std::string& tracer);

  void describe(db::Run& run) const;                           // versions of driver, CUDA and CUPTI
  [[nodiscard]] int64_t addTo(db::TraceWriter& writer) const;  // returns the device's id
  // Without the launches that the tracer brings.
  [[nodiscard]] RecordOptions recordOptions(RecordOptions options) const;

  // The span of a generation, from its making to finish(), both while the device is idle; given up where it
  // is not finished. `writer`, `clock` and this object outlive it.
  class Span {
   public:
    Span(RunDevice& place, db::TraceWriter& writer, int64_t deviceId, const RunClock& clock);
    ~Span();
    Span(const Span&) = delete;
    Span& operator=(const Span&) = delete;
    void finish();  // all kernels are written, and what the tracer says about the capture

   private:
    RunDevice& m_place;
    db::TraceWriter& m_writer;
    const RunClock& m_clock;
    bool m_finished = false;
  };

  // What did not work and what it means, a line each, for the user.
  [[nodiscard]] const std::vector<std::string>& warnings() const { return m_warnings; }

 private:
  at::Device m_device;
  std::unique_ptr<KernelTracer> m_tracer;
  std::vector<std::string> m_warnings;
};

}  // namespace ditscope::collector
