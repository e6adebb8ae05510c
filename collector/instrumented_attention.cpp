// SPDX-License-Identifier: Apache-2.0
#include "collector/instrumented_attention.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "collector/cuda/to_host.h"
#include "collector/interrupt.h"
#include "collector/plan_runner.h"
#include "collector/probes/kernel_scope.h"
#include "collector/probes/nvtx.h"
#include "collector/processor_time.h"
#include "db/error.h"

namespace ditscope::collector {
namespace {

cuda::Mark markIf(bool wanted) {
  return wanted ? cuda::Mark::here() : cuda::Mark();
}

}  // namespace

struct InstrumentedAttention::BranchCall {
  at::Tensor q, k, v;  // [1, H, N, D]
  const AttentionContext& context;
  db::Branch branch;
};

InstrumentedAttention::InstrumentedAttention(std::unique_ptr<Method> method, int block, const RunClock& clock,
                                             Recorder* recorder, std::function<bool()> stop)
    : m_method(std::move(method)),
      m_block(block),
      m_clock(clock),
      m_recorder(recorder),
      m_stop(std::move(stop)) {}

at::Tensor InstrumentedAttention::attend(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                                         const AttentionContext& context) {
  if (m_stop && m_stop()) throw Interrupted{};
  if (int64_t(context.branchOfRow.size()) != q.size(0)) {
    throw db::Error(db::Error::Kind::Failure, "attention", "the rows of the batch have no guidance branch",
                    "report this as a bug of the model");
  }
  m_onGpu = q.is_cuda();
  std::vector<at::Tensor> outs;
  for (int64_t row = 0; row < q.size(0); ++row) {
    const auto rowOf = [row](const at::Tensor& x) { return x.narrow(0, row, 1); };
    const BranchCall in{rowOf(q), rowOf(k), rowOf(v), context, context.branchOfRow[size_t(row)]};
    outs.push_back(context.kind == db::AttnKind::Cross ? attendCross(in) : attendSelf(in));
  }
  return outs.size() == 1 ? outs.front() : at::cat(outs);
}

db::AttnCall InstrumentedAttention::describe(const BranchCall& in) const {
  db::AttnCall call;
  if (m_recorder != nullptr) call.id = m_recorder->newCallId();
  call.step = in.context.step;
  call.layer = in.context.layer;
  call.branch = in.branch;
  call.kind = in.context.kind;
  call.qLen = in.q.size(2);
  call.kvLen = in.k.size(2);
  call.blockQ = call.blockK = m_block;
  call.startNs = m_clock.now();
  return call;
}

// Whether calls are recorded once the GPU has computed them.
bool InstrumentedAttention::defers(const BranchCall& in) {
  if (m_recorder == nullptr || !in.q.is_cuda()) return false;
  if (m_deferred == nullptr) m_deferred = std::make_unique<cuda::DeferredRecorder>(*m_recorder, m_clock);
  return true;
}

at::Tensor InstrumentedAttention::attendSelf(const BranchCall& in) {
  const int64_t processorStart = processorNs();
  const bool marked = defers(in);
  cuda::CallMarks marks;
  Observation seen;
  seen.call = describe(in);
  const NvtxRange attention(NvtxName::Attention, in.context.layer);
  const MethodCall call{in.context.step, in.context.layer, in.branch,       in.q[0], in.k[0],
                        in.v[0],         in.context.grid,  in.context.text, m_block};
  marks.planBegin = markIf(marked);
  {
    const NvtxRange search(NvtxName::MaskSearch, in.context.layer);
    seen.plan = m_method->plan(call);
  }
  marks.planEnd = markIf(marked);
  const Plan& plan = seen.plan;
  seen.call.plan = plan.kind;
  const bool dense = std::ranges::all_of(plan.launches, &Launch::computesAll);
  const bool recordMass = m_recorder != nullptr && m_recorder->wantsMass(call.step, call.layer);
  {
    const KernelScope kernels(seen.call.id);
    seen.result = runPlan(plan, in.q, in.k, in.v,
                          {.block = m_block,
                           .keptBits = m_recorder != nullptr && !dense,
                           .rowLogMass = plan.wantMass || (recordMass && dense),
                           .gaps = plan.wantGaps,
                           .marks = marked},
                          m_clock);
  }
  marks.observeBegin = markIf(marked);
  const KernelResult& kernel = seen.result.kernel;
  MethodResult result{kernel.out[0], kernel.lse[0], {}, {}};
  if (plan.wantMass) {
    seen.mass = seen.result.blockMass(m_block);
    result.mass = seen.mass[0];
  }
  if (plan.wantGaps) result.gaps = kernel.gaps[0];
  m_method->observe(call, result);
  marks.observeEnd = markIf(marked);
  seen.out = result.out.unsqueeze(0);
  seen.recordStartNs = m_clock.now();
  if (!in.q.is_cuda()) {
    seen.call.kernelNs = seen.result.kernelNs();
    seen.call.searchNs = seen.recordStartNs - seen.call.startNs - seen.call.kernelNs;
    m_totals.kernelNs += seen.call.kernelNs;
    m_totals.searchNs += seen.call.searchNs;
  }
  m_totals.processorNs += processorNs() - processorStart;
  const at::Tensor out = seen.out;
  if (m_recorder != nullptr) observe(in, std::move(seen), dense, std::move(marks));
  return out;
}

// Everything from here on is measuring for the trace, outside the times of the call.
void InstrumentedAttention::observe(const BranchCall& in, Observation seen, bool dense,
                                    cuda::CallMarks marks) {
  const int64_t start = seen.recordStartNs;
  marks.recordBegin = marks.observeEnd;
  if (m_recorder->wantsMass(seen.call.step, seen.call.layer)) {
    const PlanRequest request{.block = m_block, .rowLogMass = true};
    seen.full = dense ? seen.result : runPlan(denseLike(seen.plan), in.q, in.k, in.v, request, m_clock);
    if (!dense || !seen.mass.defined()) seen.mass = seen.full->blockMass(m_block);
  } else {
    seen.mass = at::Tensor();
  }
  for (db::HeadDecision& decision : seen.plan.decisions) {
    if (decision.method.empty()) decision.method = m_method->name;
  }
  seen.kernelName = kernelName(in.q, m_block);
  if (m_deferred != nullptr) {
    cuda::bringToHost(seen);
    marks.recordEnd = cuda::Mark::here();
    m_deferred->add(std::move(seen), std::move(marks));
    return;
  }
  m_recorder->record(std::move(seen));
  m_totals.recordNs += m_clock.now() - start;
}

at::Tensor InstrumentedAttention::attendCross(const BranchCall& in) {
  const bool marked = defers(in);
  db::AttnCall call = describe(in);
  const NvtxRange attention(NvtxName::Attention, in.context.layer);
  call.plan = "dense";
  LaunchTime launch{.heads = {}, .startNs = call.startNs, .before = markIf(marked)};
  at::Tensor out;
  {
    const KernelScope kernels(call.id);
    out = runAttention(in.q, in.k, in.v, {.block = m_block, .lse = false}).out;
  }
  launch.after = markIf(marked);
  if (marked) {
    m_deferred->addTimeOnly(std::move(call), std::move(launch), in.q, kernelName(in.q, m_block));
    return out;
  }
  const int64_t end = m_clock.now();
  call.kernelNs = launch.kernelNs = end - call.startNs;
  m_totals.kernelNs += call.kernelNs;
  if (m_recorder != nullptr) {
    m_recorder->recordTimeOnly(std::move(call), launch, in.q, kernelName(in.q, m_block));
    m_totals.recordNs += m_clock.now() - end;
  }
  return out;
}

void InstrumentedAttention::endStep() {
  if (m_deferred != nullptr) {
    m_deferred->endStep();
  } else if (m_onGpu) {
    cuda::synchronise();
  }
}

void InstrumentedAttention::finish() {
  if (m_deferred == nullptr) return;
  const cuda::DeferredTotals totals = m_deferred->finish();
  m_totals.kernelNs = totals.kernelNs;
  m_totals.searchNs = totals.searchNs;
  m_totals.recordNs = totals.recordNs;
}

}  // namespace ditscope::collector
