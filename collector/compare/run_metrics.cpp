// SPDX-License-Identifier: Apache-2.0
#include "collector/compare/run_metrics.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <utility>

#include "db/trace_reader.h"

namespace ditscope::collector::compare {
namespace {

constexpr std::array kColumns = {
    MetricColumn{"density_qk", &RunMetrics::densityQk},
    MetricColumn{"density_pv", &RunMetrics::densityPv},
    MetricColumn{"run_density_qk", &RunMetrics::runDensityQk},
    MetricColumn{"run_density_pv", &RunMetrics::runDensityPv},
    MetricColumn{"flops", &RunMetrics::flops},
    MetricColumn{"run_flops", &RunMetrics::runFlops},
    MetricColumn{"sparse_calls", &RunMetrics::sparseCalls},
    MetricColumn{"recall", &RunMetrics::recall},
    MetricColumn{"recall_p05", &RunMetrics::recallP05},
    MetricColumn{"recall_head_sd", &RunMetrics::recallHeadSd},
    MetricColumn{"recall_head_min", &RunMetrics::recallHeadMin},
    MetricColumn{"error", &RunMetrics::error},
    MetricColumn{"sample_psnr", &RunMetrics::psnr},
    MetricColumn{"sample_ssim", &RunMetrics::ssim},
    MetricColumn{"label_as_dense", &RunMetrics::labelAsDense},
    MetricColumn{"label_as_asked", &RunMetrics::labelAsAsked},
    MetricColumn{"attention_s", &RunMetrics::attentionSeconds},
    MetricColumn{"search_s", &RunMetrics::searchSeconds},
    MetricColumn{"total_s", &RunMetrics::totalSeconds},
    MetricColumn{"attention_x_dense", &RunMetrics::attentionTimes},
    MetricColumn{"total_x_dense", &RunMetrics::totalTimes},
    MetricColumn{"load", &RunMetrics::load},
};

class Mean {
 public:
  void add(double value) {
    if (std::isnan(value)) return;
    m_sum += value;
    m_squares += value * value;
    ++m_count;
  }
  [[nodiscard]] double mean() const { return m_count > 0 ? m_sum / double(m_count) : kNotKnown; }
  [[nodiscard]] double sd() const {
    if (m_count < 2) return kNotKnown;
    const double rest = m_squares - m_sum * m_sum / double(m_count);
    return std::sqrt(std::max(rest, 0.0) / double(m_count - 1));
  }

 private:
  double m_sum = 0, m_squares = 0;
  int64_t m_count = 0;
};

// A method that searches runs the call densely, or with the mask it found.
bool isSparse(const db::AttnCall& call) {
  return call.plan != "dense" && !(call.plan == "search" && call.flopsDone >= call.flopsDense);
}

struct Densities {
  Mean qk, pv, flops;
  void add(const db::HeadStats& head) {
    qk.add(head.densityQk);
    pv.add(head.densityPv);
    flops.add(0.5 * (double(head.densityQk) + double(head.densityPv)));
  }
};

using HeadRecalls = std::map<std::pair<int32_t, int32_t>, Mean>;  // by layer and head

void addHeadSpread(const HeadRecalls& heads, RunMetrics& metrics) {
  Mean spread;
  for (const auto& [_, recall] : heads) {
    spread.add(recall.mean());
    metrics.recallHeadMin = std::fmin(metrics.recallHeadMin, recall.mean());
  }
  metrics.recallHeadSd = spread.sd();
}

}  // namespace

std::span<const MetricColumn> metricColumns() {
  return kColumns;
}

Spread spreadOf(std::span<const RunMetrics> runs, double RunMetrics::*value) {
  Mean mean;
  for (const RunMetrics& run : runs) mean.add(run.*value);
  return {mean.mean(), mean.sd()};
}

RunMetrics metricsOfTrace(const std::filesystem::path& trace) {
  const db::TraceReader reader(trace, {.quickCheck = false, .cancelled = {}});
  std::map<int64_t, bool> sparseCall;
  int64_t sparseCalls = 0;
  for (const db::AttnCall& call : reader.calls()) {
    if (call.kind == db::AttnKind::Cross) continue;
    sparseCall[call.id] = isSparse(call);
    sparseCalls += isSparse(call) ? 1 : 0;
  }
  Densities all, sparse;
  Mean recall, recallP05, error;
  HeadRecalls heads;
  for (const db::HeadRow& row : reader.heads()) {
    all.add(row.stats);
    if (!sparseCall[row.callId]) continue;
    sparse.add(row.stats);
    if (std::isnan(row.stats.errorL1))
      continue;  // a step without masses, where only dense heads know a recall
    error.add(row.stats.errorL1);
    recall.add(row.stats.recallMean);
    recallP05.add(row.stats.recallP05);
    heads[{row.layer, row.head}].add(row.stats.recallMean);
  }
  RunMetrics metrics;
  metrics.sparseCalls = double(sparseCalls) / double(std::max<size_t>(sparseCall.size(), 1));
  metrics.runDensityQk = all.qk.mean();
  metrics.runDensityPv = all.pv.mean();
  metrics.runFlops = all.flops.mean();
  if (sparseCalls == 0) return metrics;
  metrics.densityQk = sparse.qk.mean();
  metrics.densityPv = sparse.pv.mean();
  metrics.flops = sparse.flops.mean();
  metrics.recall = recall.mean();
  metrics.recallP05 = recallP05.mean();
  metrics.error = error.mean();
  addHeadSpread(heads, metrics);
  return metrics;
}

}  // namespace ditscope::collector::compare
