// SPDX-License-Identifier: Apache-2.0
// Runs every variant at every density over every sample (seed x label), against the dense run of the same
// sample. The knob of a cell is searched on the first sample; the generation that hit the target is its first
// run. Samples are the outer loop, so that what is there when it is stopped has as many runs in every cell.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "collector/collect.h"
#include "collector/compare/results.h"
#include "collector/compare/variant.h"
#include "collector/session.h"

namespace ditscope::collector::compare {

struct ComparisonOptions {
  CollectOptions sampling;  // model, steps, sampler, guidance, size, block, record; the rest is set here
  std::vector<std::string> variants;
  std::vector<double> densities;
  std::vector<Sample> samples;
  int denseSteps = 0;
  double tolerance = 0.03;           // of the density, as a ratio
  int tries = 8;                     // generations that the search for one cell may cost
  std::filesystem::path out;         // folder with results.json
  std::filesystem::path keep;        // folder for the traces; empty = they are not kept
  std::filesystem::path classifier;  // empty = none
};

// What makes runs comparable, for results.json.
[[nodiscard]] nlohmann::json setupOf(const ComparisonOptions& options);

// Steps whose timestep, as a share of the training timesteps, is above `until`, by the model's own scheduler.
[[nodiscard]] int denseStepsUntil(const Session& session, int steps, double until);

class Comparison {
 public:
  // All outlive it. `results` is written to OUT/results.json after each run.
  Comparison(const ComparisonOptions& options, const Session& session, Results& results,
             ProgressLine& progress);

  // False when it was interrupted; what is done is kept. Throws db::Error.
  bool run();

 private:
  struct Dense {  // of the sample at hand
    at::Tensor latents;
    RunMetrics metrics;
  };
  struct Measured {
    double knob;
    RunMetrics metrics;
  };
  struct Generated {
    at::Tensor latents;
    RunMetrics metrics;
  };
  [[nodiscard]] std::vector<double> targetsOf(const Variant& variant) const;
  void runSample(const Sample& sample);
  void runCell(const Variant& variant, Cell& cell, const Sample& sample);
  void searchKnob(const Variant& variant, Cell& cell, const Sample& sample);
  const Dense& dense(const Sample& sample);
  RunMetrics measure(const std::string& method, const Sample& sample, const Cell& cell);
  Generated generate(const std::string& method, const Sample& sample, const std::filesystem::path& trace);
  void show(const std::string& what, const Sample& sample);
  void write();

  const ComparisonOptions& m_options;
  const Session& m_session;
  Results& m_results;
  ProgressLine& m_progress;
  std::vector<Variant> m_variants;
  TensorMap m_classifier;
  std::map<std::string, std::vector<Measured>> m_measured;  // by variant, on the first sample
  std::optional<std::pair<Sample, Dense>> m_dense;
  int m_done = 0, m_total = 0;  // cells and samples
  std::chrono::steady_clock::time_point m_start;
};

}  // namespace ditscope::collector::compare
