// SPDX-License-Identifier: Apache-2.0
// The result of tuning as a sparsity configuration, with what is needed to explain it later in its extension
// x-ditscope-tune (verify reads its target and value; explain the rest):
// {"target", "value", "head_floor", "over", "predicted": {...}, "gap", "rate_ns", "not_evaluated": [...],
//  "notes": [...], "best_uniform": {...}, "settings": ["topk:...", ...],
//  "heads": [{"layer", "head", "branch", "reusable_steps", "reusable_lse_steps", "tried", "chosen",
//  "candidates": [[setting, density, recall, recall_p05, error, time_ns, lo_ns, hi_ns, probe 0/1,
//  extrapolated 0/1], ...]}]}.
// Of each head those candidates are kept that no other beats in both time and recall, dense and the chosen
// one.
#pragma once

#include <string>
#include <vector>

#include "analyzer/tune/offline.h"
#include "analyzer/tune/tuner.h"
#include "db/config.h"

namespace ditscope::analyzer {

struct LeftOut {  // tuned on the other recordings, measured on this one
  std::string file;
  Outcome expected, found;
};

struct TuningResult {
  db::Run run;  // of the first recording
  std::vector<std::string> uuids;
  TuneGoal goal;
  Over over = Over::Worst;
  Tuned tuned;
  std::vector<HeadCandidates> heads;                  // priced
  std::vector<std::vector<bool>> outside;             // [head][candidate] time extrapolated
  std::vector<std::pair<int32_t, int32_t>> reusable;  // [head] steps that masks, and LSE, stay good for
  std::vector<std::pair<double, double>> spread;      // [head] recall of the chosen over the recordings
  std::vector<UniformOutcome> uniform;
  std::vector<Outcome> front;
  std::vector<LeftOut> leftOut;
  std::vector<std::string> notEvaluated;  // methods that masses cannot evaluate and no probe measured
  std::vector<std::string> notes;
};

inline constexpr const char* kTuneKey = "x-ditscope-tune";

[[nodiscard]] db::SparsityConfig tunedConfig(const TuningResult& result);
// The best single setting that meets the goal; null when none does.
[[nodiscard]] const UniformOutcome* bestUniform(const TuningResult& result);

}  // namespace ditscope::analyzer
