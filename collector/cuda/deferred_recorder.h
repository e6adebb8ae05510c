// SPDX-License-Identifier: Apache-2.0
// Records the calls of a run on a GPU. The sampling thread runs ahead of the GPU and never waits for it
// inside a step: a call is put aside with its marks, and when the step is done, a thread of its own derives
// and records what was measured while the next step is running. It is at most one step behind.
#pragma once

#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "collector/cuda/device.h"
#include "collector/recorder.h"
#include "collector/run_clock.h"

namespace ditscope::collector::cuda {

// Places in the stream; those that are not defined cost nothing.
struct CallMarks {
  Mark planBegin, planEnd;        // mask search
  Mark observeBegin, observeEnd;  // what the method does with the result
  Mark recordBegin, recordEnd;    // measuring for the trace
};

struct DeferredTotals {
  int64_t kernelNs = 0, searchNs = 0, recordNs = 0;  // of the stream
};

class DeferredRecorder {
 public:
  // `recorder` and `clock` outlive it. Waits for the stream once, so as to know its time.
  DeferredRecorder(Recorder& recorder, const RunClock& clock);
  ~DeferredRecorder();  // what was handed over is recorded, the rest is dropped
  DeferredRecorder(const DeferredRecorder&) = delete;
  DeferredRecorder& operator=(const DeferredRecorder&) = delete;

  // From the sampling thread. The observation's tensors have been brought to the host.
  void add(Observation seen, CallMarks marks);
  void addTimeOnly(db::AttnCall call, LaunchTime launch, const at::Tensor& q, std::string kernelName);

  // Waits for the stream and hands over what was added. Throws what recording threw.
  void endStep();
  // Returns when all is recorded.
  DeferredTotals finish();

 private:
  using Batch = std::vector<std::function<void()>>;
  void resolve(LaunchTime& launch) const;
  void recordAll(std::stop_token stop);
  void rethrow();

  Recorder& m_recorder;
  const RunClock& m_clock;
  Mark m_base;
  int64_t m_baseNs = 0;  // of m_base on the clock
  Batch m_open;          // of the step that is running; the sampling thread's
  DeferredTotals m_totals;

  std::mutex m_mutex;
  std::condition_variable_any m_changed;
  std::optional<Batch> m_next;
  bool m_busy = false;
  std::exception_ptr m_failure;
  std::jthread m_thread;
};

}  // namespace ditscope::collector::cuda
