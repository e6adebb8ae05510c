// SPDX-License-Identifier: Apache-2.0
#include "collector/calibrate_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "collector/environment.h"
#include "collector/interrupt.h"
#include "collector/output_file.h"
#include "collector/sample_set.h"
#include "collector/skip_calibration_run.h"

namespace ditscope::collector {
namespace {

constexpr const char* kCalibrateHelp = R"(
Runs the model densely and counts, for a grid of thresholds at once, which blocks each would skip.
Then fits ln(scale factor) = ln a + b * sparsity over all heads, and for each head.

Examples:
  ditscope-collect calibrate --model demo-video --label 0,3,7 --out calib.json
  ditscope-collect --model demo-video --method blasst:calibration=calib.json,target=0.6 --out run.db

Exit codes: 0 written, 3 bad input, 4 a failure of ours.
)";

struct CalibrateArguments {
  SkipCalibrationOptions calibration;
  SampleSet set;
  bool quiet = false;
  bool json = false;
};

std::vector<SkipSample> samplesOf(const SampleSet& set) {
  std::vector<SkipSample> samples;
  for (const SampleSet::Sample& sample : set.samples()) samples.push_back({sample.label, sample.seed});
  return samples;
}

nlohmann::json toJson(const SkipCalibrationOptions& options, const SkipMeasurement& measured) {
  nlohmann::json json = toJson(measured.calibration);
  nlohmann::json samples = nlohmann::json::array();
  for (const SkipSample& sample : options.samples) {
    samples.push_back({{"seed", sample.seed}});
    if (sample.label) samples.back()["label"] = *sample.label;
  }
  nlohmann::json points = nlohmann::json::array();
  for (const SkipPoint& point : measured.points) points.push_back({point.scaleFactor, point.sparsity});
  json["model"] = options.run.model;
  json["steps"] = options.run.steps;
  json["dense_steps"] = options.denseSteps;
  json["block"] = options.run.block;
  json["keys"] = measured.keys;
  json["samples"] = samples;
  json["points"] = points;
  return json;
}

std::string toText(const CalibrateArguments& options, const SkipMeasurement& measured) {
  const SkipCurve& curve = measured.calibration.global;
  std::string text = fmt::format(
      "{}: scale factor = exp({:.3f} + {:.3f} sparsity), r2 {:.3f}, {} points from {:.2f} to {:.2f}\n"
      "{} heads have a curve of their own\n",
      options.calibration.run.out.string(), curve.lnA, curve.b, curve.r2, curve.points, curve.minSparsity,
      curve.maxSparsity, measured.calibration.heads.size());
  for (const double target : {0.3, 0.5, 0.7}) {
    text += fmt::format("sparsity {:.1f}: lambda {:.3g} at {} keys{}\n", target,
                        curve.scaleFactor(target) / double(measured.keys), measured.keys,
                        curve.covers(target) ? "" : " (extrapolated)");
  }
  return text;
}

int run(CalibrateArguments& options) {
  CollectOptions& sampling = options.calibration.run;
  checkOutputFile(sampling.out, sampling.overwrite);
  options.calibration.samples = samplesOf(options.set);
  useAllCores();
  const InterruptGuard guard;
  ProgressLine progress(!options.quiet);
  const SkipMeasurement measured =
      calibrateSkips(options.calibration, progress, &InterruptGuard::interrupted);
  progress.finish();
  if (measured.interrupted) {
    if (!options.quiet) fmt::print(stderr, "ditscope: stopped; nothing is written\n");
    return 0;
  }
  const std::string json = toJson(options.calibration, measured).dump(2);
  writeTextFile(sampling.out, json);
  if (options.json) {
    fmt::print("{}\n", json);
  } else if (!options.quiet) {
    fmt::print("{}", toText(options, measured));
  }
  return 0;
}

}  // namespace

std::function<int()> addCalibrateCommand(CLI::App& program) {
  const auto options = std::make_shared<CalibrateArguments>();
  CollectOptions& sampling = options->calibration.run;
  CLI::App* command =
      program.add_subcommand("calibrate", "Finds the thresholds of in-loop skips for a target sparsity");
  command->footer(kCalibrateHelp);
  addSampleSetOptions(*command, sampling, options->set);
  command
      ->add_option("--dense-steps", options->calibration.denseSteps,
                   "first steps that will run dense, and are not counted")
      ->capture_default_str()
      ->check(CLI::Range(0, 1000));
  command->add_flag("--quiet", options->quiet, "no progress and no summary");
  command->add_flag("--json", options->json, "print what is written");
  return [options] { return run(*options); };
}

}  // namespace ditscope::collector
