// SPDX-License-Identifier: Apache-2.0
#include "analyzer/tune/reuse.h"

#include <algorithm>
#include <cmath>

#include "analyzer/tune/recording.h"

namespace ditscope::analyzer {
namespace {

// Mean over rows of |exp(change of LSE) - 1|; NaN where nothing can be compared.
double massError(std::span<const float> now, std::span<const float> then, int64_t rows, int64_t blockRows) {
  if (now.size() != then.size()) return kNaN;
  double sum = 0;
  int64_t counted = 0;
  for (size_t block = 0; block < now.size(); ++block) {
    const int64_t weight = std::min(blockRows, rows - int64_t(block) * blockRows);
    if (weight <= 0 || !std::isfinite(now[block]) || !std::isfinite(then[block])) continue;
    sum += double(weight) * std::abs(std::expm1(double(now[block]) - double(then[block])));
    counted += weight;
  }
  return counted > 0 ? sum / double(counted) : kNaN;
}

}  // namespace

int32_t typicalOver(int32_t steps, int32_t denseSteps,
                    const std::function<int32_t(int32_t source)>& reusable) {
  std::vector<int32_t> all;
  const int32_t first = std::max(denseSteps, 1) - 1;
  for (int32_t source = first; source < std::max((steps + 1) / 2, first + 1) && source < steps; ++source)
    all.push_back(reusable(source));
  if (all.empty()) return 0;
  const auto middle = all.begin() + std::ptrdiff_t((all.size() - 1) / 2);
  std::ranges::nth_element(all, middle);
  return *middle;
}

int32_t typicalReuse(MassEvaluator& evaluator, int32_t steps, int32_t denseSteps, double recall) {
  return typicalOver(steps, denseSteps,
                     [&](int32_t source) { return evaluator.reusable(source, recall).steps; });
}

int32_t reusableLse(std::span<const std::vector<float>> lse, int64_t rows, int64_t blockRows, int32_t source,
                    double recall) {
  int32_t reusable = 0;
  for (size_t step = size_t(source) + 1; step < lse.size(); ++step, ++reusable)
    if (!(massError(lse[step], lse[size_t(source)], rows, blockRows) <= 1 - recall)) break;
  return reusable;
}

void addReuse(const std::string& file, double recall, DriftTable& drift, const Progress& progress) {
  const DenseRecording recording(file, {.quickCheck = false, .cancelled = {}});
  const std::vector<HeadKey>& keys = recording.heads();
  const db::Run& run = recording.run();
  drift.reuseRecall = recall;
  for (size_t i = 0; i < drift.heads.size(); ++i) {
    HeadDrift& head = drift.heads[i];
    const HeadKey key{head.layer, head.head, head.branch};
    if (std::ranges::find(keys, key) != keys.end()) {  // else cross-attention
      const HeadMasses masses = recording.masses(key);
      MassEvaluator evaluator(masses, 1);
      head.reusableSteps = typicalReuse(evaluator, run.nSteps, 1, recall);
      const std::vector<std::vector<float>> lse = recording.lseBlocks(key);
      head.reusableLseSteps = typicalOver(run.nSteps, 1, [&](int32_t source) {
        return reusableLse(lse, run.seqLen, run.blockQ, source, recall);
      });
    }
    if (progress && !progress(int64_t(i + 1), int64_t(drift.heads.size()))) throw db::Cancelled();
  }
}

}  // namespace ditscope::analyzer
