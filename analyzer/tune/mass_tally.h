// SPDX-License-Identifier: Apache-2.0
// Gathers what the sparse steps of a setting keep, for those that evaluate settings on recorded masses.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "analyzer/tune/candidate.h"

namespace ditscope::analyzer {

struct MassTally {
  double recall = 0, density = 0;  // sums over steps
  int32_t steps = 0, searches = 0;
  std::vector<double> rows;  // recalls of query blocks

  void dense() {
    recall += 1;
    density += 1;
    ++steps;
    ++searches;
  }
  [[nodiscard]] Candidate candidate(const db::MethodChoice& choice) {
    Candidate c{.choice = choice};
    if (steps == 0) return c;
    c.recall = std::min(recall / steps, 1.0);
    c.densityQk = c.densityPv = density / steps;
    c.searchShare = double(searches) / steps;
    if (rows.empty()) return c;
    const size_t place = size_t(0.05 * double(rows.size() - 1));
    std::nth_element(rows.begin(), rows.begin() + std::ptrdiff_t(place), rows.end());
    c.recallP05 = std::min(rows[place], 1.0);
    return c;
  }
};

}  // namespace ditscope::analyzer
