// SPDX-License-Identifier: Apache-2.0
// SpargeAttn (arXiv 2502.18137): the map of sparge_map.h made anew in every sparse call, with the same
// parameters for all heads or those of a tuned file for each. The authors' interface for top-k comes with
// topk 0.5 and simthreshd1 -0.1 (every block but the very mixed is similar). Heads that the file calls not
// sparse run dense.
#include <algorithm>

#include "collector/methods/dense_schedule.h"
#include "collector/methods/sparge_file.h"

namespace ditscope::collector {
namespace {

class Sparge final : public Method {
 public:
  Sparge(const Parameters& p, const SamplingPlan& plan)
      : m_mode(p.word("mode") == "topk" ? SpargeMode::TopK : SpargeMode::Cdf),
        m_smooth(p.word("smooth_k") == "on"),
        m_schedule(p, plan) {
    m_same.simthreshd1 = p.number("simthreshd1");
    m_same.cdfthreshd = p.number("cdfthreshd");
    m_same.topk = p.number("topk");
    m_same.pvthreshd = p.number("pvthreshd");
    if (!p.word("params").empty()) m_tuned = readSpargeHeads(p.word("params"), plan);
  }

  Plan plan(const MethodCall& call) override {
    if (m_schedule.isDense(call)) return {};
    std::vector<SpargeHead> heads(size_t(call.heads()), m_same);
    if (!m_tuned.empty()) {
      heads = m_tuned[size_t(call.layer)];
      for (SpargeHead& head : heads) head.topk = m_same.topk;  // of which the file knows nothing
    }
    Plan plan{.kind = "sparse", .launches = {spargeLaunch(call, SpargeMap(call, m_smooth), heads, m_mode)}};
    for (const SpargeHead& head : heads) plan.decisions.push_back(decision(head));
    return plan;
  }

 private:
  [[nodiscard]] db::HeadDecision decision(const SpargeHead& head) const {
    if (!head.sparse) return {.choice = "dense", .budget = 1};
    if (m_mode == SpargeMode::TopK) return {.choice = "topk", .budget = float(head.topk)};
    return {.choice = "cdf", .threshold = float(head.cdfthreshd)};
  }

  SpargeMode m_mode;
  bool m_smooth;
  SpargeHead m_same;
  SpargeHeads m_tuned;  // empty = m_same everywhere
  DenseSchedule m_schedule;
};

}  // namespace

MethodInfo sparge() {
  return {
      "sparge",
      "pooled scores of blocks that resemble themselves, then a threshold in the loop",
      "SpargeAttn, arXiv 2502.18137",
      "every step one pass over q, two over k, and the pooled product; no state",
      Knob{"cdfthreshd", 0.05, 1},
      withSchedule(
          {word("mode", "cdf", {"cdf", "topk"}, "blocks within a cumulative share, or a number of them"),
           number("cdfthreshd", "0.98", 0, 1, "cumulative share of the pooled softmax; for mode=cdf"),
           number("topk", "0.5", 0, 1, "share of the key blocks; for mode=topk"),
           number("simthreshd1", "0.6", -1, 1,
                  "blocks of at most this self-similarity are kept whole; with topk the authors take -0.1"),
           number("pvthreshd", "50", 0, 1000,
                  "powers of two below the running maximum where softmax and PV are skipped"),
           word("smooth_k", "on", {"on", "off"}, "subtract the mean key before judging similarity"),
           text("params", "",
                "tuned file (.pt) with cdfthreshd, simthreshd1 and pvthreshd of each head; instead of "
                "those keys")}),
      [](const Parameters& p, const SamplingPlan& plan) { return std::make_unique<Sparge>(p, plan); }};
}

}  // namespace ditscope::collector
