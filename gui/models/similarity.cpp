// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/models/similarity.h"

#include <algorithm>
#include <utility>

#include "analyzer/statistics.h"
#include "db/trace_reader.h"

namespace ditscope::gui {

std::shared_ptr<const MaskSimilarity> maskSimilarity(const Trace& trace, const Cell& head,
                                                     const std::function<bool(int64_t, int64_t)>& progress) {
  auto result = std::make_shared<MaskSimilarity>();
  result->steps = trace.extent.steps;
  const size_t count = result->steps.size();
  const db::TraceReader reader(trace.path, {.quickCheck = false, .cancelled = {}});
  for (const int step : result->steps) {
    if (progress && !progress(int64_t(result->masks.size()), int64_t(2 * count))) throw db::Cancelled();
    const db::AttnCall* call = trace.call(step, head.layer, head.branch);
    result->masks.push_back(call ? reader.mask(call->id, head.head) : std::nullopt);
  }
  result->values.assign(count * count, analyzer::kNaN);
  for (size_t a = 0; a < count; ++a) {
    if (progress && !progress(int64_t(count + a), int64_t(2 * count))) throw db::Cancelled();
    for (size_t b = 0; b <= a; ++b) {
      const auto &x = result->masks[a], &y = result->masks[b];
      if (!x || !y || x->rows() != y->rows() || x->cols() != y->cols()) continue;
      result->values[a * count + b] = result->values[b * count + a] = db::jaccard(*x, *y);
    }
  }
  return result;
}

MaskSimilarity similarityDifference(const MaskSimilarity& a, const MaskSimilarity& b) {
  MaskSimilarity result;
  std::vector<std::pair<size_t, size_t>> steps;  // positions in a and b
  for (size_t i = 0; i < a.steps.size(); ++i) {
    const auto at = std::find(b.steps.begin(), b.steps.end(), a.steps[i]);
    if (at == b.steps.end()) continue;
    result.steps.push_back(a.steps[i]);
    result.masks.push_back(a.masks[i]);
    steps.emplace_back(i, size_t(at - b.steps.begin()));
  }
  for (const auto& [rowA, rowB] : steps)
    for (const auto& [colA, colB] : steps) result.values.push_back(b.at(rowB, colB) - a.at(rowA, colA));
  return result;
}

}  // namespace ditscope::gui
