// SPDX-License-Identifier: Apache-2.0
// The attention backend of a recorded run: asks the sparsity method for a plan, runs the kernel, and hands
// what the kernel saw to the recorder. A batch that holds both guidance branches is split, one launch a
// branch, so that each has its own plan, times and record. Cross attention runs dense and is recorded as
// time. Serves one generation; without a recorder the same kernels and method run, with nothing measured. On
// a GPU, times are those of the stream, and known after finish().
#pragma once

#include <functional>
#include <memory>

#include "collector/attention.h"
#include "collector/attention_kernel.h"
#include "collector/cuda/deferred_recorder.h"
#include "collector/methods/method.h"
#include "collector/recorder.h"
#include "collector/run_clock.h"

namespace ditscope::collector {

// What the generation spent inside attention.
struct AttentionTotals {
  int64_t kernelNs = 0;
  int64_t searchNs = 0;
  int64_t recordNs = 0;
  int64_t processorNs = 0;  // of kernels and search in self-attention; all threads, what records among them
};

class InstrumentedAttention final : public AttentionBackend {
 public:
  // `recorder` may be null; `clock` and it outlive this object. `stop` is asked before each call;
  // once it is true, attend() throws Interrupted.
  InstrumentedAttention(std::unique_ptr<Method> method, int block, const RunClock& clock, Recorder* recorder,
                        std::function<bool()> stop = {});

  at::Tensor attend(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                    const AttentionContext& context) override;
  void endStep() override;

  // All calls are recorded now; after the last step.
  void finish();
  [[nodiscard]] const AttentionTotals& totals() const { return m_totals; }

 private:
  struct BranchCall;  // one branch of one call
  at::Tensor attendSelf(const BranchCall& in);
  at::Tensor attendCross(const BranchCall& in);
  db::AttnCall describe(const BranchCall& in) const;
  void observe(const BranchCall& in, Observation seen, bool dense, cuda::CallMarks marks);
  [[nodiscard]] bool defers(const BranchCall& in);

  std::unique_ptr<Method> m_method;
  int m_block;
  const RunClock& m_clock;
  Recorder* m_recorder;
  std::function<bool()> m_stop;
  AttentionTotals m_totals;
  bool m_onGpu = false;
  std::unique_ptr<cuda::DeferredRecorder> m_deferred;  // of runs on a GPU
};

}  // namespace ditscope::collector
