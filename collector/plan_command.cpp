// SPDX-License-Identifier: Apache-2.0
#include "collector/plan_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "collector/environment.h"
#include "collector/interrupt.h"
#include "collector/memory.h"
#include "collector/output_file.h"
#include "collector/plan_search.h"
#include "collector/sample_set.h"
#include "collector/session.h"

namespace ditscope::collector {
namespace {

constexpr const char* kPlanHelp = R"(
In each step of a sampling run, each layer gets the cheapest of: its output of the step before, a window with
residual for one branch, for both, full attention for one branch; as long as the prediction changes by less
than the layer's part of the threshold. DiTFastAttn, arXiv 2406.08552; its thresholds are 0.025 to 0.15.
More labels and seeds make a plan that holds for more samples; each costs as much again.

Examples:
  ditscope-collect plan --model demo-video --threshold 0.1 --label 0,3,7 --out plan.json
  ditscope-collect --model demo-video --method ditfastattn:plan=plan.json --out run.db

Exit codes: 0 written (also when stopped by Ctrl-C: the steps that were not reached are full), 3 bad input,
4 a failure of ours.
)";

struct PlanArguments {
  CollectOptions sampling;
  PlanSearchOptions search;
  SampleSet set;
  bool quiet = false;
  bool json = false;
};

// A sample for each label and seed.
std::vector<CalibrationSample> samplesOf(const PlanArguments& options, const Session& session) {
  std::vector<CalibrationSample> samples;
  for (const SampleSet::Sample& sample : options.set.samples()) {
    CollectOptions one = options.sampling;
    one.label = sample.label;
    one.seed = sample.seed;
    samples.push_back({session.request(one), session.newSampler(one.steps)});
  }
  return samples;
}

std::string progressText(int step, int layer, int steps, int layers, double seconds) {
  const int done = (step - 1) * layers + layer + 1;  // the first step has no choice
  const int total = (steps - 1) * layers;
  return fmt::format("searching: step {}/{}, layer {}/{}, {:.2f} s/layer, ends in {:.0f} s", step + 1, steps,
                     layer + 1, layers, seconds / done, seconds / done * (total - done));
}

std::map<std::string, int> countTreatments(const CompressionPlan& plan) {
  std::map<std::string, int> counts;
  for (int step = 0; step < plan.steps(); ++step) {
    for (int layer = 0; layer < plan.layers(); ++layer) ++counts[nameOf(plan.at(step, layer))];
  }
  return counts;
}

nlohmann::json toJson(const PlanArguments& options, const db::Run& run, const PlanSearchResult& result) {
  nlohmann::json json = result.plan.toJson();
  json["model"] = options.sampling.model;
  json["scheduler"] = run.scheduler;
  json["guidance"] = run.guidance;
  json["threshold"] = options.search.threshold;
  json["labels"] = options.set.labels;
  json["seeds"] = options.set.seeds;
  json["searched_steps"] = result.searchedSteps;
  return json;
}

std::string toText(const PlanArguments& options, const PlanSearchResult& result) {
  const CompressionPlan& plan = result.plan;
  std::string text = fmt::format(
      "{}: {} steps x {} layers{}\n", options.sampling.out.string(), plan.steps(), plan.layers(),
      result.searchedSteps < plan.steps() ? fmt::format(", stopped after {} steps", result.searchedSteps)
                                          : "");
  for (const auto& [name, count] : countTreatments(plan)) {
    text += fmt::format("  {:<36} {:5.1f} %\n", name, 100.0 * count / (plan.steps() * plan.layers()));
  }
  return text;
}

int run(PlanArguments& options) {
  CollectOptions& sampling = options.sampling;
  checkOutputFile(sampling.out, sampling.overwrite);
  if (!options.set.labels.empty()) sampling.label = options.set.labels.front();
  options.search.block = sampling.block;
  useAllCores();
  keepFreedMemory();
  const InterruptGuard guard;
  const Session session(sampling, &InterruptGuard::interrupted);
  ProgressLine progress(!options.quiet);
  const auto start = std::chrono::steady_clock::now();
  const PlanSearchResult result = searchPlan(
      session.denoiser(), samplesOf(options, session), options.search,
      [&](int step, int layer) {
        const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
        const int layers = session.denoiser().shape().layers;
        progress.show(progressText(step, layer, sampling.steps, layers, seconds.count()));
      },
      &InterruptGuard::interrupted);
  progress.finish();
  const std::string json = toJson(options, session.describe(), result).dump(2);
  writeTextFile(sampling.out, json);
  if (options.json) {
    fmt::print("{}\n", json);
  } else if (!options.quiet) {
    fmt::print("{}", toText(options, result));
  }
  return 0;
}

}  // namespace

std::function<int()> addPlanCommand(CLI::App& program) {
  const auto options = std::make_shared<PlanArguments>();
  CollectOptions& sampling = options->sampling;
  CLI::App* command = program.add_subcommand("plan", "Searches DiTFastAttn's compression plan for a model");
  command->footer(kPlanHelp);
  addSampleSetOptions(*command, sampling, options->set);
  command
      ->add_option("--threshold", options->search.threshold,
                   "change of the prediction that the last layer may cause; earlier ones less")
      ->required()
      ->check(CLI::Range(0.0, 10.0));
  command
      ->add_option("--window", options->search.window,
                   "keys on either side, as a share of the image or video tokens")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1.0));
  command->add_flag("--quiet", options->quiet, "no progress and no summary");
  command->add_flag("--json", options->json, "print what is written");
  return [options] { return run(*options); };
}

}  // namespace ditscope::collector
