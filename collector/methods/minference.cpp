// SPDX-License-Identifier: Apache-2.0
// MInference (arXiv 2407.02490) for attention in both directions: every head has one of three patterns, see
// minference_patterns.h, whose blocks are found anew in every sparse call. Which pattern suits a head is
// searched once a layer and branch, in the last dense step or else the first sparse one: of patterns that
// cost our kernel the same number of blocks the one with the highest recall wins. Recall is measured on other
// rows than those the columns and diagonals are read from. A file of the authors' format takes the place of
// the search, with sizes in tokens instead of a density.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <numeric>

#include "collector/attention_kernel.h"
#include "collector/methods/dense_schedule.h"
#include "collector/methods/minference_config.h"
#include "kernels/mask_search.h"
#include "kernels/parallel.h"

namespace ditscope::collector {
namespace {

constexpr int64_t kRows = 64;
constexpr double kIndexShift = 0.25, kRecallShift = 0.75;  // of the sampled rows inside their parts

class MInference final : public Method {
 public:
  MInference(const Parameters& p, const SamplingPlan& plan)
      : m_density(p.number("density")),
        m_wanted(p.word("pattern")),
        m_columns(p.word("columns") == "token" ? ColumnsAs::Token : ColumnsAs::Block),
        m_save(p.word("save")),
        m_saved(size_t(plan.layers)),
        m_schedule(p, plan) {
    if (!p.word("config").empty()) m_given = readBestPatterns(p.word("config"), plan);
  }

  Plan plan(const MethodCall& call) override {
    const bool dense = m_schedule.isDense(call);
    Found& found = m_found(call);
    if (!m_given.empty()) {
      found.patterns = m_given[size_t(call.layer)];
    } else if (found.patterns.empty() && (!dense || m_schedule.isLastDense(call))) {
      search(call, found);
      if (dense) return {.kind = "search"};
    }
    if (dense) return {};
    return sparsePlan(toLists(masksOf(call, found.patterns), call), decisions(call, found));
  }

 private:
  struct Found {
    LayerPatterns patterns;
    int step = -1;  // of the search
  };

  [[nodiscard]] std::vector<HeadPattern> candidates(const VideoBlocks& video) const {
    std::vector<HeadPattern> all;
    for (const PatternType type :
         {PatternType::AShape, PatternType::VerticalSlash, PatternType::BlockSparse}) {
      if (m_wanted != "search" && m_wanted != patternName(type)) continue;
      for (const HeadPattern& pattern :
           patternsOfCost(keptBlocks(m_density, std::max<int64_t>(video.count(), 1)), video.block, type))
        all.push_back(pattern);
    }
    return all;
  }

  void search(const MethodCall& call, Found& found) {
    const VideoBlocks video(call);
    const std::vector<HeadPattern> patterns = candidates(video);
    const std::vector<int64_t> indexRows = stratifiedRows(call, kRows, kIndexShift);
    const std::vector<int64_t> recallRows = stratifiedRows(call, kRows, kRecallShift);
    std::vector<int64_t> rows = indexRows;
    rows.insert(rows.end(), recallRows.begin(), recallRows.end());
    const at::Tensor scores = pooled(call);
    found.step = call.step;
    found.patterns.assign(size_t(call.heads()), HeadPattern{});
    forEachHeadsRows(call, allHeads(call), rows, [&](size_t head, const float* share) {
      const RowSums sums = sumRows(call, indexRows, share);
      const float* recallShare = share + int64_t(indexRows.size()) * call.keys();
      double best = -1;
      for (HeadPattern pattern : patterns) {
        const HeadMask mask = maskOf(video, pattern, &sums, scoresOf(scores, head));
        const double recall = recallOf(video, mask, recallRows, recallShare);
        pattern.score = recall > 0 ? recall : 0;  // NaN in q or k
        pattern.s = pattern.type == PatternType::VerticalSlash ? mask.diagonals : pattern.s;
        if (pattern.score > best) found.patterns[head] = pattern;
        best = std::max(best, pattern.score);
      }
    });
    if (m_save.empty() || call.branch != db::Branch::Cond) return;
    m_saved[size_t(call.layer)] = found.patterns;
    writeBestPatterns(m_save, m_saved);
  }

  [[nodiscard]] HeadMask maskOf(const VideoBlocks& video, const HeadPattern& pattern, const RowSums* sums,
                                std::span<const float> scores) const {
    switch (pattern.type) {
      case PatternType::AShape:
        return aShapeMask(video, pattern);
      case PatternType::VerticalSlash:
        return verticalSlashMask(video, pattern, *sums, m_columns);
      case PatternType::BlockSparse:
        return blockSparseMask(video, pattern, scores);
      case PatternType::Dense:
        break;
    }
    return {std::vector<uint8_t>(size_t(video.qBlocks * video.kBlocks), 1), {}};
  }

  [[nodiscard]] std::vector<HeadMask> masksOf(const MethodCall& call, const LayerPatterns& patterns) const {
    const VideoBlocks video(call);
    std::vector<HeadMask> masks(patterns.size());
    std::vector<int64_t> vertical;
    at::Tensor scores;
    for (size_t h = 0; h < patterns.size(); ++h) {
      if (patterns[h].type == PatternType::VerticalSlash) {
        vertical.push_back(int64_t(h));
        continue;
      }
      if (patterns[h].type == PatternType::BlockSparse && !scores.defined()) scores = pooled(call);
      masks[h] = maskOf(video, patterns[h], nullptr, scoresOf(scores, h));
    }
    const std::vector<int64_t> rows = stratifiedRows(call, kRows, kIndexShift);
    forEachHeadsRows(call, vertical, rows, [&](size_t i, const float* share) {
      const auto h = size_t(vertical[i]);
      const RowSums sums = sumRows(call, rows, share);
      masks[h] = maskOf(video, patterns[h], &sums, {});
    });
    return masks;
  }

  [[nodiscard]] static std::vector<int64_t> allHeads(const MethodCall& call) {
    std::vector<int64_t> heads(size_t(call.heads()));
    std::iota(heads.begin(), heads.end(), 0);
    return heads;
  }

  [[nodiscard]] static at::Tensor pooled(const MethodCall& call) {  // [H, query blocks, key blocks]
    const at::Tensor q = call.q.unsqueeze(0), k = call.k.unsqueeze(0);
    const kernels::BlockScoreArgs args{kernelView(q), kernelView(k), call.block, call.block};
    const kernels::BlockGrid grid = kernels::gridOf(args);
    const at::Tensor scores = at::empty({grid.lists, grid.qBlocks, grid.kBlocks}, at::kFloat);
    kernels::pooledScores(args, {scores.data_ptr<float>(), size_t(grid.blocks())}, at::get_num_threads());
    return scores;
  }

  [[nodiscard]] static std::span<const float> scoresOf(const at::Tensor& scores, size_t head) {
    if (!scores.defined()) return {};
    const auto blocks = size_t(scores.size(1) * scores.size(2));
    return {scores.data_ptr<float>() + head * blocks, blocks};
  }

  [[nodiscard]] std::vector<db::HeadDecision> decisions(const MethodCall& call, const Found& found) const {
    const auto blocks = double(std::max<int64_t>(VideoBlocks(call).count(), 1));
    std::vector<db::HeadDecision> all;
    for (const HeadPattern& pattern : found.patterns) {
      db::HeadDecision decision{.choice = patternName(pattern.type), .sourceStep = found.step};
      if (pattern.blocks > 0) decision.budget = float(double(pattern.blocks) / blocks);
      if (found.step >= 0) decision.threshold = float(pattern.score);  // recall measured by the search
      all.push_back(decision);
    }
    return all;
  }

  double m_density;
  std::string m_wanted;
  ColumnsAs m_columns;
  std::string m_save;
  std::vector<LayerPatterns> m_given;  // empty = search
  std::vector<LayerPatterns> m_saved;
  DenseSchedule m_schedule;
  PerBranch<Found> m_found;
};

}  // namespace

MethodInfo minference() {
  return {
      "minference",
      "each head has the pattern that held most of equal cost: A-shape, vertical-slash or block-sparse",
      "MInference, arXiv 2407.02490",
      "one search a layer: 128 rows and pooled scores; then 64 rows or pooled scores of each head every step",
      Knob{"density", 0.001, 1, true},
      withSchedule(
          {number("density", "0.25", 0.001, 1, "share of the key blocks that each pattern costs"),
           word("pattern", "search", {"search", "a_shape", "vertical_slash", "block_sparse"},
                "the best for each head, or one for all"),
           word("columns", "block", {"block", "token"},
                "vertical columns as whole key blocks, or exact (at the cost of their blocks)"),
           text("config", "",
                "best_pattern JSON of each layer and head; instead of the search and the density"),
           text("save", "", "best_pattern JSON to write what the search found in the conditional branch")}),
      [](const Parameters& p, const SamplingPlan& plan) { return std::make_unique<MInference>(p, plan); }};
}

}  // namespace ditscope::collector
