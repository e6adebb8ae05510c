// SPDX-License-Identifier: Apache-2.0
// AdaSpa (arXiv 2502.21079): masks from the true masses of the blocks, found in a few search steps and reused
// in between. The first search rides on a dense step, whose LSE turns scores into masses; later searches use
// that same LSE, now stale, so that only the order within a block row has a meaning, and their masks serve
// the very step. Heads whose heaviest blocks hold much of the mass get half the budget; as many others get it
// on top.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>

#include "collector/attention_kernel.h"
#include "collector/methods/block_choice.h"
#include "collector/methods/dense_schedule.h"
#include "collector/methods/head_budgets.h"
#include "collector/methods/step_list.h"
#include "kernels/mask_search.h"

namespace ditscope::collector {
namespace {

class AdaSpa final : public Method {
 public:
  AdaSpa(const Parameters& p, const SamplingPlan& plan)
      : m_budgets{p.number("density"), p.number("recall"), p.word("adaptive") == "on"},
        m_schedule(p, plan),
        m_laterSearches(parseSteps("method adaspa", "search_steps", p.word("search_steps"), plan.steps())),
        m_firstSearch(m_schedule.firstSparseStep() > 0 ? m_schedule.firstSparseStep() - 1
                                                       : m_laterSearches.front()) {
    m_laterSearches.erase(m_laterSearches.begin());
  }

  Plan plan(const MethodCall& call) override {
    State& state = m_state(call);
    if (searchesDense(call, state)) return {.kind = "search"};
    if (call.step < m_firstSearch || m_schedule.isDense(call)) return {};
    if (std::ranges::find(m_laterSearches, call.step) != m_laterSearches.end()) {
      search(call, state);
    }
    return sparsePlan(state.lists, state.decisions);
  }

  void observe(const MethodCall& call, MethodResult& result) override {
    State& state = m_state(call);
    if (!searchesDense(call, state)) return;
    state.lse = result.lse.contiguous();
    search(call, state);
  }

 private:
  struct State {
    at::Tensor lse;  // [H, Nq], of the first search
    int step = -1;   // of the last search
    std::shared_ptr<const kernels::BlockListStorage> lists;
    std::vector<db::HeadDecision> decisions;  // [H]
  };

  // The first search: the LSE is not known yet, and masks are or will be needed.
  [[nodiscard]] bool searchesDense(const MethodCall& call, const State& state) const {
    return !state.lse.defined() && call.step >= m_firstSearch &&
           (m_schedule.isLastDense(call) || !m_schedule.isDense(call));
  }

  void search(const MethodCall& call, State& state) const {
    BlockChoice choice(call, call.heads());
    std::vector<float> mass(choice.kept.size());
    const at::Tensor q = call.q.unsqueeze(0), k = call.k.unsqueeze(0);
    kernels::blockMassFromLse({kernelView(q), kernelView(k), call.block, call.block},
                              {state.lse.data_ptr<float>(), size_t(state.lse.numel())}, mass,
                              at::get_num_threads());
    const std::vector<HeadBudget> budgets =
        headBudgets(choice.grid, mass, call.queries(), call.block, m_budgets);
    state.decisions.clear();
    const auto perHead = mass.size() / size_t(call.heads());
    for (size_t h = 0; h < budgets.size(); ++h) {
      kernels::selectTopK({1, choice.grid.qBlocks, choice.grid.kBlocks}, {&mass[h * perHead], perHead},
                          keptBlocks(budgets[h].share, choice.grid.kBlocks), kernels::SelectionScope::Row,
                          {&choice.kept[h * perHead], perHead});
      state.decisions.push_back(
          {.choice = budgets[h].name, .budget = float(budgets[h].share), .sourceStep = call.step});
    }
    keepText(choice, call);
    state.lists = toLists(choice, call);
    state.step = call.step;
  }

  HeadBudgetRule m_budgets;
  DenseSchedule m_schedule;
  std::vector<int> m_laterSearches;  // steps; the LSE of the first search serves them too
  int m_firstSearch;
  PerBranch<State> m_state;
};

}  // namespace

MethodInfo adaspa() {
  return {
      "adaspa",
      "heaviest blocks of a few search steps, fewer for heads that need fewer",
      "AdaSpa, arXiv 2502.21079",
      "a search: half of a dense call; memory: the LSE and the lists of each layer and branch",
      Knob{"density", 0.001, 1, true},
      withSchedule({number("density", "0.2", 0.001, 1, "share of the key blocks that is kept"),
                    text("search_steps", "0.2+0.6",
                         "search steps, joined by +; below 1 shares of all steps. The first and all before "
                         "it run dense; dense_steps, where given, makes it the last of those"),
                    number("recall", "0.8", 0, 1, "heads that keep more than this at `density` are easy"),
                    word("adaptive", "on", {"on", "off"}, "easy heads give half their budget to hard ones")}),
      [](const Parameters& p, const SamplingPlan& plan) { return std::make_unique<AdaSpa>(p, plan); }};
}

}  // namespace ditscope::collector
