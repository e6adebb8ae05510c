// SPDX-License-Identifier: Apache-2.0
// Tuning from files to result: candidates from recordings and probes, prices, the choice, and how it holds on
// recordings that it was not made from.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "analyzer/tune/tuned_config.h"

namespace ditscope::analyzer {

struct TuneRequest {
  std::vector<std::string> recordings = {};  // dense, with masses
  std::vector<std::string> probes = {};      // runs with one setting each
  std::string latency = {};                  // trace of ditscope bench; empty = fit the recordings and probes
  Target target = Target::Recall;
  double value = 0.95;
  double margin = 0.002;  // aimed above a recall: a run with the configuration takes a path of its own
  std::optional<double> headFloor = {};   // default: of a recall 0.1 less, else none
  std::vector<std::string> methods = {};  // empty = all that can be evaluated and all that were probed
  int32_t denseSteps = 1;
  Over over = Over::Worst;
  int32_t threads = 2;
};

// Deterministic. Throws db::Error, also when nothing meets the target (with the best that there is), and
// db::Cancelled.
[[nodiscard]] TuningResult runTuning(const TuneRequest& request, const Progress& progress = {});

}  // namespace ditscope::analyzer
