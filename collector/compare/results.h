// SPDX-License-Identifier: Apache-2.0
// What a comparison has found so far: a cell for each variant and density, a run in it for each sample. Kept
// as JSON, schema ditscope.compare_methods/1, so that a comparison that was stopped goes on where it was.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "collector/compare/knob_search.h"
#include "collector/compare/run_metrics.h"

namespace ditscope::collector::compare {

struct Sample {
  int64_t seed = 0;
  int64_t label = 0;
};

struct Cell {
  std::string variant = {};
  double target = 1;        // wanted density_pv of the sparse calls; 0 = the method as given
  std::string method = {};  // NAME:key=value,... that was run; empty until its knob is found
  double knob = 0;
  Reach reach = Reach::Reached;
  std::string refused = {};  // why the method does not run on this model
  std::vector<RunMetrics> runs = {};

  [[nodiscard]] bool has(const Sample& sample) const;
  void add(const RunMetrics& run);  // instead of the run of the same sample
};

struct Results {
  nlohmann::json setup = {};  // what all runs share; runs of another setup are not comparable
  Cell dense{.variant = "dense", .method = "dense"};
  std::vector<Cell> cells = {};

  Cell& cell(const std::string& variant, double target);  // a new one when it is not there
};

[[nodiscard]] nlohmann::json toJson(const Results& results);
// The results in the file, or fresh ones. Throws db::Error when they are of another setup or damaged.
[[nodiscard]] Results readResults(const std::filesystem::path& file, const nlohmann::json& setup);

}  // namespace ditscope::collector::compare
