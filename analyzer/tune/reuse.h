// SPDX-License-Identifier: Apache-2.0
// For how many steps the masks and the LSE of a head of a dense recording stay good within a recall: shown
// beside the drift, and used by the tuner.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "analyzer/drift.h"
#include "analyzer/progress.h"
#include "analyzer/tune/mass_evaluation.h"

namespace ditscope::analyzer {

// The median of `reusable(source)` over the steps of the first half that sparse steps may follow; of an even
// number the lower one. 0 where there is none.
[[nodiscard]] int32_t typicalOver(int32_t steps, int32_t denseSteps,
                                  const std::function<int32_t(int32_t source)>& reusable);

// Of masks: see MassEvaluator::reusable.
[[nodiscard]] int32_t typicalReuse(MassEvaluator& evaluator, int32_t steps, int32_t denseSteps,
                                   double recall);

// For how many further steps the LSE of step `source` may stand for theirs. Masses that are computed with an
// old LSE are off by the factor exp(LSE now - LSE then); it is good as long as that is no more than 1 -
// recall from 1, on average over rows. lse: [step][query blocks], means over the rows of a block of
// `blockRows` (so that it is an upper bound: rises and falls inside a block cancel); `rows` in all. Blocks
// that are not finite in both do not count.
[[nodiscard]] int32_t reusableLse(std::span<const std::vector<float>> lse, int64_t rows, int64_t blockRows,
                                  int32_t source, double recall);

// Sets reuseRecall of the table, and of its heads reusableSteps and reusableLseSteps. Throws db::Error unless
// the trace is a dense recording with masses.
void addReuse(const std::string& file, double recall, DriftTable& drift, const Progress& progress = {});

}  // namespace ditscope::analyzer
