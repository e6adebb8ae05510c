// SPDX-License-Identifier: Apache-2.0
// XAttention (arXiv 2503.16428): a block's score is the softmax of the sums along its antidiagonals, taken
// over groups of `stride` tokens; each query block keeps the fewest key blocks that reach a share tau of its
// score, the block that crosses tau included. Scored anew in every sparse call. Where the sequence ends
// inside a group, the missing tokens count as zeros. The authors' code for attention without a causal mask
// writes index 0 into the slots it masks out, so that key block 0 is always kept: sink=on does the same. Tau
// is one number, or one a head from a file: the nested list thresholds[layer][head] that their dynamic
// programming prints, as JSON.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <span>

#include "collector/attention_kernel.h"
#include "collector/json_file.h"
#include "collector/methods/block_choice.h"
#include "collector/methods/dense_schedule.h"
#include "db/error.h"
#include "kernels/mask_search.h"
#include "kernels/parallel.h"

namespace ditscope::collector {
namespace {

using Thresholds = std::vector<std::vector<double>>;  // [layer][head]

Thresholds readThresholds(const std::string& file, const SamplingPlan& plan) {
  const auto refuse = [&file](const std::string& why, const char* remedy) {
    throw db::Error(db::Error::Kind::BadInput, file, why, remedy);
  };
  constexpr const char* kShape = "give a list of layers, each a list of one number from 0 to 1 a head";
  Thresholds thresholds;
  try {
    thresholds = readJsonArray(file).get<Thresholds>();
  } catch (const nlohmann::json::exception&) {
    refuse("it is not a list of lists of numbers", kShape);
  }
  if (int(thresholds.size()) != plan.layers) {
    refuse(fmt::format("it has {} layers, the model {}", thresholds.size(), plan.layers),
           "use the thresholds of this model");
  }
  for (size_t layer = 0; layer < thresholds.size(); ++layer) {
    if (int(thresholds[layer].size()) != plan.heads) {
      refuse(fmt::format("layer {} has {} heads, the model {}", layer, thresholds[layer].size(), plan.heads),
             "use the thresholds of this model");
    }
    for (const double tau : thresholds[layer]) {
      if (!(tau >= 0 && tau <= 1)) refuse(fmt::format("layer {} has tau {}", layer, tau), kShape);
    }
  }
  return thresholds;
}

class XAttention final : public Method {
 public:
  XAttention(const Parameters& p, const SamplingPlan& plan)
      : m_stride(std::stoi(p.word("stride"))),
        m_tau(p.number("tau")),
        m_sink(p.word("sink") == "on"),
        m_schedule(p, plan) {
    if (!p.word("thresholds").empty()) m_thresholds = readThresholds(p.word("thresholds"), plan);
  }

  Plan plan(const MethodCall& call) override {
    if (m_schedule.isDense(call)) return {};
    const at::Tensor scores = antidiagonal(call);
    BlockChoice choice(call, call.heads());
    const kernels::BlockGrid head{1, choice.grid.qBlocks, choice.grid.kBlocks};
    std::vector<db::HeadDecision> decisions(size_t(call.heads()), db::HeadDecision{.choice = "antidiagonal"});
    kernels::parallelFor(call.heads(), at::get_num_threads(), [&](int64_t h, int) {
      const double tau = m_thresholds.empty() ? m_tau : m_thresholds[size_t(call.layer)][size_t(h)];
      decisions[size_t(h)].threshold = float(tau);
      const std::span<uint8_t> kept(choice.row(h, 0), size_t(head.blocks()));
      if (tau >= 1) {  // blocks without any score too
        std::fill(kept.begin(), kept.end(), uint8_t{1});
        return;
      }
      kernels::selectTopP(head, {scores.data_ptr<float>() + h * head.blocks(), kept.size()}, tau,
                          kernels::SelectionScope::Row, kept);
      for (int64_t g = 0; g < head.qBlocks && m_sink; ++g) *choice.row(h, g) = 1;
    });
    keepText(choice, call);
    return sparsePlan(toLists(choice, call), std::move(decisions));
  }

 private:
  [[nodiscard]] at::Tensor antidiagonal(const MethodCall& call) const {
    const at::Tensor q = call.q.unsqueeze(0), k = call.k.unsqueeze(0);
    const kernels::BlockScoreArgs args{kernelView(q), kernelView(k), call.block, call.block};
    const kernels::BlockGrid grid = kernels::gridOf(args);
    const at::Tensor scores = at::empty({grid.blocks()}, at::kFloat);
    kernels::antidiagonalScores(args, m_stride, {scores.data_ptr<float>(), size_t(grid.blocks())},
                                at::get_num_threads());
    return scores;
  }

  int m_stride;
  double m_tau;
  bool m_sink;
  DenseSchedule m_schedule;
  Thresholds m_thresholds;  // empty = m_tau everywhere
};

}  // namespace

MethodInfo xattention() {
  return {
      "xattention",
      "keeps the blocks whose antidiagonals hold a share of each query block's score",
      "XAttention, arXiv 2503.16428",
      "every step one product of q and k at 1 / stride of the attention's QK; no state",
      Knob{"tau", 0.05, 1},
      withSchedule({number("tau", "0.9", 0, 1, "share of the score that is kept; the paper has 0.9 and 0.95"),
                    word("stride", "8", {"1", "2", "4", "8", "16", "32"},
                         "tokens in a group, and between the antidiagonals that are summed"),
                    word("sink", "on", {"on", "off"}, "key block 0 is always kept, as in the code"),
                    text("thresholds", "", "JSON file with tau as a list [layer][head]; instead of tau")},
                   {.steps = 0.1}),
      [](const Parameters& p, const SamplingPlan& plan) { return std::make_unique<XAttention>(p, plan); }};
}

}  // namespace ditscope::collector
