// SPDX-License-Identifier: Apache-2.0
#include "analyzer/tune/reuse.h"

#include <algorithm>

#include "analyzer/tune/recording.h"
#include "analyzer/tune/settings.h"

namespace ditscope::analyzer {

void addReuse(const std::string& file, double recall, DriftTable& drift, const Progress& progress) {
  const DenseRecording recording(file, {.quickCheck = false, .cancelled = {}});
  const std::vector<HeadKey>& keys = recording.heads();
  drift.reuseRecall = recall;
  for (size_t i = 0; i < drift.heads.size(); ++i) {
    HeadDrift& head = drift.heads[i];
    const HeadKey key{head.layer, head.head, head.branch};
    if (std::ranges::find(keys, key) != keys.end()) {  // else cross-attention
      const HeadMasses masses = recording.masses(key);
      MassEvaluator evaluator(masses, 1);
      head.reusableSteps = typicalReuse(evaluator, recording.run().nSteps, 1, recall).steps;
    }
    if (progress && !progress(int64_t(i + 1), int64_t(drift.heads.size()))) throw db::Cancelled();
  }
}

}  // namespace ditscope::analyzer
