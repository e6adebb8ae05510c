// SPDX-License-Identifier: Apache-2.0
#include "collector/methods/head_budgets.h"

#include <algorithm>
#include <numeric>

#include "collector/methods/block_choice.h"
#include "kernels/mask_search.h"

namespace ditscope::collector {
namespace {

// Mean over query rows of the mass that the heaviest blocks of their block row hold.
double recallOf(const kernels::BlockGrid& head, std::span<const float> mass, int64_t queries, int block,
                double share) {
  std::vector<uint8_t> kept(mass.size());
  kernels::selectTopK(head, mass, keptBlocks(share, head.kBlocks), kernels::SelectionScope::Row, kept);
  double recall = 0;
  for (int64_t g = 0; g < head.qBlocks; ++g) {
    double all = 0, inside = 0;
    for (int64_t i = g * head.kBlocks; i < (g + 1) * head.kBlocks; ++i) {
      all += double(mass[size_t(i)]);
      if (kept[size_t(i)] != 0) inside += double(mass[size_t(i)]);
    }
    const int64_t rows = std::min<int64_t>(block, queries - g * block);
    if (all > 0) recall += inside / all * double(rows) / double(queries);
  }
  return recall;
}

}  // namespace

std::vector<HeadBudget> headBudgets(const kernels::BlockGrid& grid, std::span<const float> masses,
                                    int64_t queries, int block, const HeadBudgetRule& rule) {
  std::vector<HeadBudget> budgets(size_t(grid.lists), {"base", rule.share});
  if (!rule.adaptive) return budgets;
  const auto perHead = size_t(grid.qBlocks * grid.kBlocks);
  std::vector<double> recall(budgets.size());
  for (size_t h = 0; h < recall.size(); ++h) {
    recall[h] = recallOf({1, grid.qBlocks, grid.kBlocks}, masses.subspan(h * perHead, perHead), queries,
                         block, rule.share);
  }
  std::vector<size_t> order(recall.size());  // from the easiest head
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, [&recall](size_t a, size_t b) { return recall[a] > recall[b]; });
  const auto easy = std::ranges::count_if(recall, [&rule](double r) { return r > rule.recall; });
  const size_t shifted = std::min(size_t(easy), order.size() / 2);
  const double shift = std::min(rule.share / 2, 1 - rule.share);
  for (size_t i = 0; i < shifted; ++i) {
    budgets[order[i]] = {"less", rule.share - shift};
    budgets[order[order.size() - 1 - i]] = {"more", rule.share + shift};
  }
  return budgets;
}

}  // namespace ditscope::collector
