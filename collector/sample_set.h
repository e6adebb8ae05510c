// SPDX-License-Identifier: Apache-2.0
// The options of commands that sample a model several times to learn from it, and write one file.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "collector/collect.h"

namespace CLI {
class App;
}

namespace ditscope::collector {

struct SampleSet {
  std::vector<int64_t> labels;  // empty = the model's default
  std::vector<int64_t> seeds = {0};

  struct Sample {
    std::optional<int64_t> label;
    int64_t seed = 0;
  };
  [[nodiscard]] std::vector<Sample> samples() const;  // one for each label and seed
};

// Model, output file and everything that says what is sampled. Both structs outlive the parsing.
void addSampleSetOptions(CLI::App& command, CollectOptions& sampling, SampleSet& set);

}  // namespace ditscope::collector
