// SPDX-License-Identifier: Apache-2.0
// Keeps the heaviest blocks, a fixed number of them: the same in every block row, or of a whole head.
// Row-wise with the true masses of the very step it is what no other mask of as many blocks a row can beat.
#include <algorithm>
#include <limits>

#include "collector/methods/block_choice.h"
#include "collector/methods/mass_selection.h"

namespace ditscope::collector {
namespace {

// The heaviest blocks of each head, of which the heaviest of each row are a part.
void selectOfHead(const kernels::BlockGrid& grid, std::span<const float> weights, int64_t count, int minKeep,
                  std::span<uint8_t> kept) {
  kernels::selectTopK(grid, weights, minKeep, kernels::SelectionScope::Row, kept);
  std::vector<float> ranked(weights.begin(), weights.end());
  for (size_t i = 0; i < ranked.size(); ++i) {
    if (kept[i] != 0) ranked[i] = std::numeric_limits<float>::infinity();
  }
  count = std::max(count, grid.qBlocks * std::min<int64_t>(minKeep, grid.kBlocks));
  kernels::selectTopK(grid, ranked, count, kernels::SelectionScope::Head, kept);
}

std::unique_ptr<Method> makeTopK(const Parameters& p, const SamplingPlan& plan) {
  const double density = p.number("density");
  const int minKeep = p.integer("min_keep");
  const kernels::SelectionScope scope = selectionScope(p);
  const auto select = [=](const kernels::BlockGrid& grid, std::span<const float> weights,
                          std::span<uint8_t> kept) {
    if (scope == kernels::SelectionScope::Row) {
      kernels::selectTopK(grid, weights, keptBlocks(density, grid.kBlocks), scope, kept);
    } else {
      selectOfHead(grid, weights, keptBlocks(density, grid.qBlocks * grid.kBlocks), minKeep, kept);
    }
  };
  return makeMassMethod(p, plan, select, {.choice = "topk", .budget = float(density)});
}

}  // namespace

MethodInfo topk() {
  return {"topk",
          "keeps a fixed number of the heaviest blocks",
          "",
          "source=exact: a dense pass every step; previous: a dense step every search_every; pooled: little",
          Knob{"density", 0.001, 1, true},
          withMassSelection({number("density", "0.25", 0.001, 1, "share of the key blocks that is kept")}),
          makeTopK,
          /*onDevice=*/true};
}

}  // namespace ditscope::collector
