// SPDX-License-Identifier: Apache-2.0
#include "collector/methods/ditfastattn.h"

#include <ATen/ATen.h>

#include <utility>

#include "collector/attention_kernel.h"
#include "collector/methods/video_tokens.h"

namespace ditscope::collector {
namespace {

using Attention = Treatment::Attention;

Plan reuse(const at::Tensor& output, db::HeadDecision decision) {
  decision.budget = 0;
  return {.kind = "reuse", .launches = {{.output = output}}, .decisions = {std::move(decision)}};
}

}  // namespace

DitFastAttn::DitFastAttn(CompressionPlan plan, Keep keep) : m_plan(std::move(plan)), m_keep(keep) {}

const Treatment& DitFastAttn::treatment(const MethodCall& call) const {
  return m_plan.at(call.step, call.layer);
}

// What is planned, or full attention as long as there is nothing to reuse.
DitFastAttn::Source DitFastAttn::source(const MethodCall& call) {
  const Treatment& planned = treatment(call);
  if (planned.sharesBranches && call.branch == db::Branch::Uncond &&
      conditional(call).outputStep == call.step) {
    return Source::OtherBranch;
  }
  const State& state = m_states(call);
  if (planned.attention == Attention::Share && state.output.defined()) return Source::LastOutput;
  if (planned.attention == Attention::Window && state.residual.defined()) return Source::Window;
  return Source::Full;
}

Plan DitFastAttn::plan(const MethodCall& call) {
  const State& state = m_states(call);
  switch (source(call)) {
    case Source::OtherBranch:
      return reuse(conditional(call).output, {.choice = "cfg_attn_share", .sourceStep = call.step});
    case Source::LastOutput:
      return reuse(state.output, {.choice = nameOf(treatment(call)), .sourceStep = state.outputStep});
    case Source::Window:
      return sparsePlan(mask(call).lists(), {{.choice = nameOf(treatment(call)),
                                              .budget = float(mask(call).tokenDensity()),
                                              .sourceStep = state.residualStep}});
    case Source::Full:
      break;
  }
  const Treatment full{Attention::Full, treatment(call).sharesBranches};
  return {.kind = keepsResidual(call) ? "search" : "dense",
          .decisions = {{.choice = nameOf(full), .budget = 1}}};
}

void DitFastAttn::observe(const MethodCall& call, MethodResult& result) {
  const Source from = source(call);
  State& state = m_states(call);
  if (from == Source::Window) result.out = result.out + state.residual;
  renewResidual(call, from, result.out);
  if (!keepsOutput(call)) {
    state.output = at::Tensor();
    state.outputStep = -1;
    return;
  }
  state.output = result.out;
  if (from != Source::LastOutput) state.outputStep = call.step;
}

void DitFastAttn::renewResidual(const MethodCall& call, Source from, const at::Tensor& out) {
  State& state = m_states(call);
  if (from == Source::OtherBranch) {  // it shares what a full step of the other branch left behind
    const State& other = conditional(call);
    if (other.residualStep == call.step)
      std::tie(state.residual, state.residualStep) = std::tie(other.residual, other.residualStep);
  } else if (from == Source::Full) {
    state.residual = at::Tensor();
    if (!keepsResidual(call)) return;
    const KernelResult window =
        runAttention(call.q.unsqueeze(0), call.k.unsqueeze(0), call.v.unsqueeze(0),
                     {.lists = mask(call).lists(), .block = call.block, .lse = false});
    state.residual = out - window.out[0];
    state.residualStep = call.step;
  }
}

bool DitFastAttn::keepsResidual(const MethodCall& call) const {
  return m_keep == Keep::Everything || m_plan.needsResidual(call.step, call.layer);
}

bool DitFastAttn::keepsOutput(const MethodCall& call) const {
  const bool forTheOtherBranch = call.branch == db::Branch::Cond && treatment(call).sharesBranches;
  return m_keep == Keep::Everything || forTheOtherBranch || m_plan.needsOutput(call.step, call.layer);
}

const WindowMask& DitFastAttn::mask(const MethodCall& call) {
  if (!m_mask || !m_mask->fits(call)) {
    m_mask.emplace(call, TokenWindow{int64_t(double(VideoTokens(call).count()) * m_plan.window)});
  }
  return *m_mask;
}

}  // namespace ditscope::collector
