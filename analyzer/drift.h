// SPDX-License-Identifier: Apache-2.0
// How far LSE and mask of a head move over the sampling steps: against the step before (as recorded, from
// all rows), or against any reference step (from the stored block means of the LSE and the stored masks).
// LSE drift is in nats: mean over rows of |LSE_t - LSE_ref|; from block means it is a lower bound of that,
// because rises and falls inside a block cancel. Mask drift is 1 - Jaccard of the kept sets.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "analyzer/head_table.h"
#include "analyzer/progress.h"

namespace ditscope::analyzer {

struct HeadDrift {
  int32_t layer = 0;
  db::Branch branch = db::Branch::Cond;
  int32_t head = 0;
  // One value a step of DriftTable::steps; NaN = not measured (always so where there is nothing to compare
  // with).
  std::vector<double> lse;        // mean of |change|, nats
  std::vector<double> lseSigned;  // mean of the change, nats
  std::vector<double> mask;       // 0 same kept blocks, 1 none in common
  int64_t blocksLeftOut = 0;      // compared with a reference step: blocks whose LSE was not finite in both
  double reusableSteps = kNaN;    // for so many further steps a mask keeps DriftTable::reuseRecall,
  double reusableLseSteps =
      kNaN;  // and masses computed with an LSE are off by no more than what it allows to lose
};

struct DriftTable {
  std::optional<int32_t> referenceStep;    // empty: each step against the one before
  std::optional<double> reuseRecall = {};  // empty: reuse was not asked for
  std::vector<int32_t> steps;
  std::vector<HeadDrift> heads;  // by layer, branch, head
};

[[nodiscard]] DriftTable driftFromPrevious(const HeadTable& table);
// Throws db::Error (BadInput) when the trace has no such step, or stores neither LSE block means nor masks.
[[nodiscard]] DriftTable driftFromReference(const db::TraceReader& reader, int32_t referenceStep,
                                            const Progress& progress = {});

// What b has more than a, over the steps and heads that both have.
[[nodiscard]] DriftTable driftDifference(const DriftTable& a, const DriftTable& b);

// Change of the mean LSE of query blocks of `blockRows` rows each, `rows` in all (the last block may be
// short). Blocks that are not finite in both are left out; NaN when none is left or the sizes differ.
struct LseChange {
  double absolute = kNaN;
  double signedMean = kNaN;
  int64_t blocksLeftOut = 0;
};
[[nodiscard]] LseChange lseChange(std::span<const float> now, std::span<const float> reference, int64_t rows,
                                  int64_t blockRows);

}  // namespace ditscope::analyzer
