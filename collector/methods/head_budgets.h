// SPDX-License-Identifier: Apache-2.0
// Head-adaptive budgets of AdaSpa (arXiv 2502.21079): heads that lose little at the common sparsity s run at
// (1 + s) / 2, and as many that lose much at (3 s - 1) / 2, so that the mean stays s.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "kernels/block_list_storage.h"

namespace ditscope::collector {

struct HeadBudgetRule {
  double share = 0.2;   // of the key blocks of a row, the mean over heads; 1 - s
  double recall = 0.8;  // a head above it is easy
  bool adaptive = true;
};

struct HeadBudget {
  std::string name;  // base, less or more
  double share = 1;
};

// masses: [heads, query blocks, key blocks], one list of the grid a head. The rows may be off by a factor
// each (a stale LSE): every row counts by its own sum. At most half of the heads are easy; below a sparsity
// of 1/3 the shift shrinks, so that no share passes 1. Equal recalls go by the index of the head.
[[nodiscard]] std::vector<HeadBudget> headBudgets(const kernels::BlockGrid& grid,
                                                  std::span<const float> masses, int64_t queries, int block,
                                                  const HeadBudgetRule& rule);

}  // namespace ditscope::collector
