// SPDX-License-Identifier: Apache-2.0
#include "collector/calibrate_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "collector/environment.h"
#include "collector/interrupt.h"
#include "collector/output_file.h"
#include "collector/skip_calibration_run.h"

namespace ditscope::collector {
namespace {

constexpr const char* kHelp = R"(
Runs the model densely and counts, for a grid of thresholds at once, which blocks each would skip.
Then fits ln(scale factor) = ln a + b * sparsity over all heads, and for each head.

Examples:
  ditscope-collect calibrate --model demo-video --label 0,3,7 --out calib.json
  ditscope-collect --model demo-video --method blasst:calibration=calib.json,target=0.6 --out run.db

Exit codes: 0 written, 3 bad input, 4 a failure of ours.
)";

struct CommandOptions {
  SkipCalibrationOptions calibration;
  std::vector<int64_t> labels;
  std::vector<int64_t> seeds = {0};
  std::vector<int64_t> size;
  double guidance = 0;
  bool quiet = false;
  bool json = false;
};

std::vector<SkipSample> samplesOf(const CommandOptions& options) {
  std::vector<std::optional<int64_t>> labels(options.labels.begin(), options.labels.end());
  if (labels.empty()) labels.emplace_back();
  std::vector<SkipSample> samples;
  for (const auto& label : labels) {
    for (const int64_t seed : options.seeds) samples.push_back({label, seed});
  }
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

std::string toText(const CommandOptions& options, const SkipMeasurement& measured) {
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

int run(const CLI::App& command, CommandOptions& options) {
  CollectOptions& sampling = options.calibration.run;
  checkOutputFile(sampling.out, sampling.overwrite);
  if (command.count("--guidance") > 0) sampling.guidance = options.guidance;
  if (!options.size.empty()) sampling.latentSize = {options.size[0], options.size[1], options.size[2]};
  options.calibration.samples = samplesOf(options);
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
  const auto options = std::make_shared<CommandOptions>();
  CollectOptions& sampling = options->calibration.run;
  CLI::App* command =
      program.add_subcommand("calibrate", "Finds the thresholds of in-loop skips for a target sparsity");
  command->footer(kHelp);
  command
      ->add_option("--model", sampling.model, "model folder in diffusers' layout, or demo-video, demo-image")
      ->required();
  command->add_option("--out", sampling.out, "JSON file to write")->required();
  command->add_flag("--overwrite", sampling.overwrite, "replace the file when it is there");
  command
      ->add_option("--label", options->labels,
                   "class labels, for example 0,3,7; a sample for each and each seed")
      ->delimiter(',');
  command->add_option("--seeds", options->seeds, "of the noise, for example 0,1")
      ->delimiter(',')
      ->capture_default_str();
  command->add_option("--prompt-embeds", sampling.promptEmbeds, "as for recording")->excludes("--label");
  command->add_option("--steps", sampling.steps, "sampling steps")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  command
      ->add_option("--dense-steps", options->calibration.denseSteps,
                   "first steps that will run dense, and are not counted")
      ->capture_default_str()
      ->check(CLI::Range(0, 1000));
  command->add_option("--sampler", sampling.sampler, "euler, unipc or ddim instead of the model's own");
  command
      ->add_option("--guidance", options->guidance,
                   "scale of classifier-free guidance (default: the model's)")
      ->check(CLI::Range(0.0, 1000.0));
  command->add_option("--size", options->size, "FRAMES,ROWS,COLS of the latents (default: the model's)")
      ->delimiter(',')
      ->expected(3)
      ->check(CLI::Range(1, 1'000'000));
  command->add_option("--block", sampling.block, "width of the blocks of masks")
      ->capture_default_str()
      ->check(CLI::IsMember({32, 64, 128}));
  command->add_flag("--quiet", options->quiet, "no progress and no summary");
  command->add_flag("--json", options->json, "print what is written");
  return [command, options] { return run(*command, *options); };
}

}  // namespace ditscope::collector
