// SPDX-License-Identifier: Apache-2.0
// For how many steps the masks of each head of a dense recording stay good: shown beside the drift.
#pragma once

#include <string>

#include "analyzer/drift.h"
#include "analyzer/progress.h"

namespace ditscope::analyzer {

// Sets reuseRecall of the table and reusableSteps of its heads: see MassEvaluator::reusable, median over the
// masks of the first half of the steps. Throws db::Error unless the trace is a dense recording with masses.
void addReuse(const std::string& file, double recall, DriftTable& drift, const Progress& progress = {});

}  // namespace ditscope::analyzer
