// SPDX-License-Identifier: Apache-2.0
// DiTFastAttn (arXiv 2406.08552) executes a compression plan. Attention is compared and shared before the
// output projection: that is linear and the same in every step, so that the results are the paper's.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <optional>

#include "collector/methods/compression_plan.h"
#include "collector/methods/method.h"
#include "collector/methods/token_window.h"

namespace ditscope::collector {

// A copy has its own state, and costs no copies of tensors.
class DitFastAttn final : public Method {
 public:
  enum class Keep : uint8_t {
    AsPlanned,   // residuals and outputs that a later step of the plan reads
    Everything,  // for a plan that is still being searched
  };
  explicit DitFastAttn(CompressionPlan plan, Keep keep = Keep::AsPlanned);

  Plan plan(const MethodCall& call) override;
  void observe(const MethodCall& call, MethodResult& result) override;

  CompressionPlan& compression() { return m_plan; }

 private:
  enum class Source : uint8_t { Full, Window, LastOutput, OtherBranch };
  struct State {
    at::Tensor residual;  // [H, Nq, D], full output - window output
    int residualStep = -1;
    at::Tensor output;    // [H, Nq, D]
    int outputStep = -1;  // that it was computed in
  };

  [[nodiscard]] const Treatment& treatment(const MethodCall& call) const;
  [[nodiscard]] Source source(const MethodCall& call);  // the same in plan() and observe() of a call
  [[nodiscard]] State& conditional(const MethodCall& call) { return m_states(call.layer, db::Branch::Cond); }
  [[nodiscard]] const WindowMask& mask(const MethodCall& call);
  [[nodiscard]] bool keepsResidual(const MethodCall& call) const;
  [[nodiscard]] bool keepsOutput(const MethodCall& call) const;
  void renewResidual(const MethodCall& call, Source source, const at::Tensor& out);

  CompressionPlan m_plan;
  Keep m_keep;
  std::optional<WindowMask> m_mask;  // the same in every step, layer and head
  PerBranch<State> m_states;
};

}  // namespace ditscope::collector
