// SPDX-License-Identifier: Apache-2.0
#include "collector/methods/mass_selection.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>

#include "collector/attention_kernel.h"
#include "collector/methods/block_choice.h"
#include "collector/methods/dense_schedule.h"

namespace ditscope::collector {
namespace {

using kernels::BlockGrid;
using kernels::SelectionScope;

// Rows of the last query block or keys of the last key block, as a share of a whole block.
double lastBlock(int64_t tokens, int block) {
  const int64_t rest = tokens % block;
  return rest == 0 ? 1 : double(rest) / block;
}

// [H, query blocks, key blocks]: the true masses of this very call.
at::Tensor exactWeights(const MethodCall& call) {
  const KernelResult dense = runAttention(call.q.unsqueeze(0), call.k.unsqueeze(0), call.v.unsqueeze(0),
                                          {.block = call.block, .rowLogMass = true});
  return blockMass(dense, call.block)[0];
}

// [H, blocks, D] f32 in host memory, computed where x is.
at::Tensor blockMeans(const at::Tensor& x, int64_t block) {  // x: [H, N, D]
  const int64_t whole = x.size(1) / block * block;
  at::Tensor means = x.narrow(1, 0, whole).to(at::kFloat).reshape({x.size(0), -1, block, x.size(2)}).mean(2);
  if (whole < x.size(1)) {
    means = at::cat({means, x.narrow(1, whole, x.size(1) - whole).to(at::kFloat).mean(1, true)}, 1);
  }
  return means.to(at::kCPU).contiguous();
}

std::span<const float> valuesOf(const at::Tensor& x) {
  return {x.data_ptr<float>(), size_t(x.numel())};
}

// Softmax over the products of block means, each weighted by the keys that its block has.
at::Tensor pooledWeights(const MethodCall& call) {
  const at::Tensor q = call.q.unsqueeze(0), k = call.k.unsqueeze(0);
  const kernels::BlockScoreArgs args{kernelView(q), kernelView(k), call.block, call.block};
  const BlockGrid grid = kernels::gridOf(args);
  at::Tensor scores = at::empty({grid.lists, grid.qBlocks, grid.kBlocks}, at::kFloat);
  const std::span<float> all{scores.data_ptr<float>(), size_t(grid.blocks())};
  if (q.is_cpu()) {
    kernels::pooledScores(args, all, at::get_num_threads());
  } else {
    const at::Tensor qMeans = blockMeans(call.q, call.block), kMeans = blockMeans(call.k, call.block);
    kernels::pooledScores(args, {.q = valuesOf(qMeans), .k = valuesOf(kMeans), .takes = {}}, all,
                          at::get_num_threads());
  }
  if (call.keys() % call.block != 0) {
    scores.select(2, -1).mul_(lastBlock(call.keys(), call.block));
    scores.div_(scores.sum(2, true));
  }
  return scores;
}

class MassMethod final : public Method {
 public:
  MassMethod(const Parameters& p, const SamplingPlan& plan, BlockSelector select, db::HeadDecision decision)
      : m_source(p.word("source")),
        m_searchEvery(p.integer("search_every")),
        m_minKeep(p.integer("min_keep")),
        m_scope(selectionScope(p)),
        m_schedule(p, plan),
        m_select(std::move(select)),
        m_decision(std::move(decision)) {}

  Plan plan(const MethodCall& call) override {
    if (m_source != "previous") {
      if (m_schedule.isDense(call)) return {};
      return sparse(choose(call, m_source == "exact" ? exactWeights(call) : pooledWeights(call)), -1);
    }
    const Plan search{.kind = "search", .wantMass = true};
    if (m_schedule.isLastDense(call)) return search;
    if (m_schedule.isDense(call)) return {};
    const Found& found = m_found(call);
    if (found.lists == nullptr || call.step - found.step >= m_searchEvery) return search;
    return sparse(found.lists, found.step);
  }

  void observe(const MethodCall& call, MethodResult& result) override {
    if (result.mass.defined()) m_found(call) = {choose(call, result.mass), call.step};
  }

 private:
  using Lists = std::shared_ptr<const kernels::BlockListStorage>;
  struct Found {
    Lists lists;
    int step = 0;
  };

  [[nodiscard]] Plan sparse(Lists lists, int sourceStep) const {
    db::HeadDecision decision = m_decision;
    decision.sourceStep = sourceStep;
    return sparsePlan(std::move(lists), {decision});
  }

  // weights: [H, query blocks, key blocks].
  [[nodiscard]] Lists choose(const MethodCall& call, at::Tensor weights) const {
    if (m_scope == SelectionScope::Head && call.queries() % call.block != 0) {
      weights = weights.clone();
      weights.select(1, -1).mul_(lastBlock(call.queries(), call.block));
    }
    weights = weights.to(at::kCPU).contiguous();
    BlockChoice choice(call, call.heads());
    const std::span<const float> values{weights.data_ptr<float>(), choice.kept.size()};
    m_select(choice.grid, values, choice.kept);
    std::vector<uint8_t> least(choice.kept.size());
    kernels::selectTopK(choice.grid, values, m_minKeep, SelectionScope::Row, least);
    for (size_t i = 0; i < least.size(); ++i) choice.kept[i] |= least[i];
    keepText(choice, call);
    return toLists(choice, call);
  }

  std::string m_source;
  int m_searchEvery;
  int m_minKeep;
  SelectionScope m_scope;
  DenseSchedule m_schedule;
  BlockSelector m_select;
  db::HeadDecision m_decision;
  PerBranch<Found> m_found;
};

}  // namespace

std::vector<ParameterSpec> withMassSelection(std::vector<ParameterSpec> own) {
  own.push_back(
      word("source", "previous", {"exact", "previous", "pooled"},
           "weights: true masses of the very step (the oracle), those of the last search, or pooled q, k"));
  own.push_back(
      integer("search_every", "10", 1, 10000, "steps from one search to the next; for source=previous"));
  own.push_back(word("scope", "row", {"row", "head"},
                     "whether each block row chooses for itself, or the blocks of a whole head compete"));
  own.push_back(integer("min_keep", "1", 1, 10000, "blocks that every block row keeps at least"));
  return withSchedule(std::move(own), {.steps = 1});
}

SelectionScope selectionScope(const Parameters& parameters) {
  return parameters.word("scope") == "row" ? SelectionScope::Row : SelectionScope::Head;
}

std::unique_ptr<Method> makeMassMethod(const Parameters& parameters, const SamplingPlan& plan,
                                       BlockSelector select, db::HeadDecision decision) {
  return std::make_unique<MassMethod>(parameters, plan, std::move(select), std::move(decision));
}

}  // namespace ditscope::collector
