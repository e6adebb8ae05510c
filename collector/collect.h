// SPDX-License-Identifier: Apache-2.0
// Records one generation of a model into a trace: what `ditscope-collect` does, without its command line.
#pragma once

#include <array>
#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "collector/instrumented_attention.h"
#include "collector/overhead.h"
#include "collector/progress_line.h"
#include "collector/recorder.h"
#include "db/model.h"

namespace ditscope::collector {

struct CollectOptions {
  std::string model;  // folder, or name of a model that comes with DiTScope
  std::filesystem::path out;
  std::string method = "dense";
  std::filesystem::path config;  // of the methods a head; empty = `method` for all
  std::string sampler;           // empty = what the model folder says
  int steps = 20;
  int64_t seed = 0;
  std::string device = "cpu";  // cpu, cuda, auto: a GPU where there is one
  std::string dtype = "auto";   // auto, f32, f16, bf16; of weights and activations
  std::string cupti = "auto";   // auto, on, off: every kernel of a GPU as CUPTI sees it
  RecordOptions record;
  int block = 64;
  std::optional<int64_t> label;
  std::filesystem::path promptEmbeds;
  std::optional<double> guidance;
  std::optional<std::array<int64_t, 3>> latentSize;  // frames, rows, cols
  std::filesystem::path frames;                      // folder for pictures; empty = none
  int overheadRounds = 0;
  bool overwrite = false;
};

struct CollectSummary {
  db::Run run;
  AttentionTotals attention;
  double density = 0;  // of score blocks, averaged over the recorded self-attention calls
  bool interrupted = false;
  std::vector<std::string> warnings = {};  // what the run went on without, a line each
};

// Throws db::Error. `stop` is asked often; once it is true the run ends with what it has, finalised.
CollectSummary collect(const CollectOptions& options, ProgressLine& progress,
                       const std::function<bool()>& stop);

}  // namespace ditscope::collector
