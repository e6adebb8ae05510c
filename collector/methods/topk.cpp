// SPDX-License-Identifier: Apache-2.0
// Each query block attends its heaviest key blocks, the same number in every row. Weights are either the true
// softmax masses of an earlier dense step (a search step, repeated every `search_every` steps), or scores of
// mean-pooled q and k of the step itself. Text is attended by all on top of that.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <cmath>
#include <span>

#include "collector/attention_kernel.h"
#include "collector/methods/block_choice.h"
#include "collector/methods/dense_schedule.h"
#include "kernels/mask_search.h"

namespace ditscope::collector {
namespace {

class TopK final : public Method {
 public:
  TopK(const Parameters& p, const SamplingPlan& plan)
      : m_density(p.number("density")),
        m_pooled(p.word("source") == "pooled"),
        m_searchEvery(p.integer("search_every")),
        m_schedule(p, plan) {}

  Plan plan(const MethodCall& call) override {
    if (m_schedule.isLastDense(call) && !m_pooled) return {.kind = "search", .wantMass = true};
    if (m_schedule.isDense(call)) return {};
    if (m_pooled) return sparsePlan(choose(call, pooledWeights(call)), {decision(-1)});
    const Found& found = m_found(call);
    if (found.lists == nullptr || call.step - found.step >= m_searchEvery) {
      return {.kind = "search", .wantMass = true};
    }
    return sparsePlan(found.lists, {decision(found.step)});
  }

  void observe(const MethodCall& call, MethodResult& result) override {
    if (result.mass.defined()) m_found(call) = {choose(call, result.mass), call.step};
  }

 private:
  struct Found {
    std::shared_ptr<const kernels::BlockListStorage> lists;
    int step = 0;
  };

  [[nodiscard]] db::HeadDecision decision(int sourceStep) const {
    return {.choice = "topk", .budget = float(m_density), .sourceStep = sourceStep};
  }

  [[nodiscard]] static at::Tensor pooledWeights(const MethodCall& call) {
    const at::Tensor q = call.q.unsqueeze(0), k = call.k.unsqueeze(0);
    const kernels::BlockScoreArgs args{kernelView(q), kernelView(k), call.block, call.block};
    const kernels::BlockGrid grid = kernels::gridOf(args);
    const at::Tensor scores = at::empty({grid.lists, grid.qBlocks, grid.kBlocks}, at::kFloat);
    kernels::pooledScores(args, {scores.data_ptr<float>(), size_t(grid.blocks())}, at::get_num_threads());
    return scores;
  }

  // weights: [H, query blocks, key blocks].
  [[nodiscard]] std::shared_ptr<const kernels::BlockListStorage> choose(const MethodCall& call,
                                                                        const at::Tensor& weights) const {
    BlockChoice choice(call, call.heads());
    const auto count = int64_t(std::ceil(m_density * double(choice.grid.kBlocks) - 1e-9));
    kernels::selectTopK(choice.grid, {weights.data_ptr<float>(), choice.kept.size()},
                        std::max<int64_t>(count, 1), kernels::SelectionScope::Row, choice.kept);
    keepText(choice, call);
    return toLists(choice, call);
  }

  double m_density;
  bool m_pooled;
  int m_searchEvery;
  DenseSchedule m_schedule;
  PerBranch<Found> m_found;
};

}  // namespace

MethodInfo topk() {
  return {"topk",
          "each query block attends its heaviest key blocks",
          "",
          "source=previous: a dense step every search_every steps; source=pooled: pooled scores every step",
          Knob{"density", 0.001, 1, true},
          withSchedule({number("density", "0.25", 0.001, 1, "share of the key blocks that is kept"),
                        word("source", "previous", {"previous", "pooled"},
                             "weights: masses of the last search, or pooled q and k"),
                        integer("search_every", "10", 1, 10000,
                                "steps from one search to the next; for source=previous")},
                       {.steps = 1}),
          [](const Parameters& p, const SamplingPlan& plan) { return std::make_unique<TopK>(p, plan); }};
}

}  // namespace ditscope::collector
