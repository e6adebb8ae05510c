// SPDX-License-Identifier: Apache-2.0
// Cumulative energy filtering (arXiv 2606.16317): softmax and PV of a block are skipped where in every row
// its largest weight is below a share of the whole mass kept so far: block max - running LSE < lambda, with
// lambda = ln P + ln(block / keys) for a tolerated loss P of the mass. P is nominal; what was lost is in the
// recall of a trace with masses. A large LSE from the start lets the rule bite, so the blocks on the diagonal
// and of the sink come first. Text is treated as any token but for the order.
#include <algorithm>
#include <cmath>

#include "collector/methods/block_choice.h"
#include "collector/methods/dense_schedule.h"

namespace ditscope::collector {
namespace {

class DynSparse final : public Method {
 public:
  DynSparse(const Parameters& p, const SamplingPlan& plan)
      : m_loss(p.number("p")),
        m_lambda(p.number("lambda")),
        m_diagonalFirst(p.word("order") == "diagonal"),
        m_schedule(p, plan) {}

  Plan plan(const MethodCall& call) override {
    if (m_schedule.isDense(call)) return {};
    const float lambda = lambdaOf(call);
    Plan plan{
        .kind = "sparse", .launches = {Launch{}}, .decisions = {{.choice = "skip", .threshold = lambda}}};
    plan.launches[0].skip.kind = kernels::SkipRule::Kind::RunningMass;
    plan.launches[0].skip.lnLambda = lambda;
    if (m_diagonalFirst) plan.launches[0].lists = diagonalFirst(call);
    return plan;
  }

 private:
  [[nodiscard]] float lambdaOf(const MethodCall& call) const {
    if (m_lambda < 0) return float(m_lambda);
    return float(std::min(std::log(m_loss) + std::log(double(call.block) / double(call.keys())), 0.0));
  }

  // Every block: the row's own, the sink (the text, else the first tokens), the others as they stand.
  std::shared_ptr<const kernels::BlockListStorage> diagonalFirst(const MethodCall& call) {
    const std::vector<int64_t> shape = {call.queries(), call.keys(), call.text.begin, call.text.end};
    if (m_lists != nullptr && m_shape == shape) return m_lists;
    BlockChoice choice(call, 1);
    std::ranges::fill(choice.kept, uint8_t{1});
    const bool hasText = call.text.begin < call.text.end;
    const int64_t sinkBegin = hasText ? call.text.begin / call.block : 0;
    const int64_t sinkEnd = hasText ? (call.text.end - 1) / call.block + 1 : 1;
    std::vector<float> weight(choice.kept.size());
    for (int64_t g = 0; g < choice.grid.qBlocks; ++g) {
      float* row = &weight[size_t(g * choice.grid.kBlocks)];
      std::fill(row + sinkBegin, row + std::min(sinkEnd, choice.grid.kBlocks), 1.0f);
      row[std::min(g, choice.grid.kBlocks - 1)] = 2;
    }
    m_lists = std::make_shared<kernels::BlockListStorage>(
        kernels::listFromMask(choice.grid, choice.kept, call.block, call.block, {}, weight));
    m_shape = shape;
    return m_lists;
  }

  double m_loss;
  double m_lambda;
  bool m_diagonalFirst;
  DenseSchedule m_schedule;
  std::vector<int64_t> m_shape;  // of the call that m_lists were made for
  std::shared_ptr<const kernels::BlockListStorage> m_lists;
};

}  // namespace

MethodInfo dynsparse() {
  return {"dynsparse",
          "skips softmax and PV of blocks that add little to the mass so far",
          "cumulative energy filtering, arXiv 2606.16317",
          "no search, no state",
          Knob{"p", 100, 1e-6, true},
          withSchedule({number("p", "0.1", 1e-9, 1e4, "share of the mass that may be lost, nominally"),
                        number("lambda", "0", -1000, 0,
                               "ln(block's largest weight / mass so far) that may be skipped; 0 = by p"),
                        word("order", "diagonal", {"diagonal", "sequence"},
                             "blocks on the diagonal and of the sink first, or all in sequence")}),
          [](const Parameters& p, const SamplingPlan& plan) { return std::make_unique<DynSparse>(p, plan); },
          /*onDevice=*/true};
}

}  // namespace ditscope::collector
