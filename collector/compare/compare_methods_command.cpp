// SPDX-License-Identifier: Apache-2.0
#include "collector/compare/compare_methods_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <set>

#include "collector/compare/comparison.h"
#include "collector/compare/pareto_picture.h"
#include "collector/compare/report.h"
#include "collector/environment.h"
#include "collector/interrupt.h"
#include "collector/output_file.h"
#include "db/error.h"

namespace ditscope::collector::compare {
namespace {

namespace fs = std::filesystem;

constexpr const char* kCompareMethodsHelp = R"(
Searches, for each method and density, the value of the method's knob at which its sparse calls keep that share
of the blocks (softmax and PV: methods that skip inside the kernel's loop compute every score block), then
compares what it generates with what dense attention makes of the same noise and label.
FOLDER gets results.json, table.md, runs.csv and pareto.svg; the same command goes on where it was stopped.

Examples:
  ditscope compare-methods --model demo-video --dense-steps 5 --seeds 0,1 --labels 1,5,7 --out compared
  ditscope compare-methods --model demo-image --block 32 --methods topk:source=exact blasst dynsparse --out some

Exit codes: 0 compared (also when stopped by Ctrl-C: what is done is kept), 3 bad input, 4 a failure of ours.
)";

struct CompareMethodsArguments {
  ComparisonOptions comparison;
  std::vector<std::string> densities = {"1/2", "1/4", "1/8", "1/16", "1/32"};
  std::vector<int64_t> seeds = {0}, labels = {0};
  std::vector<int64_t> size;
  double guidance = 0;
  double denseUntil = 1;
  bool quiet = false;
  bool json = false;
};

void makeFolder(const fs::path& folder) {
  if (folder.empty()) return;
  std::error_code failure;
  fs::create_directories(folder, failure);
  if (failure) {
    throw db::Error(db::Error::Kind::BadInput, folder.string(),
                    "cannot make the folder: " + failure.message(), "name a folder that can be written");
  }
}

void complete(const CLI::App& command, CompareMethodsArguments& options) {
  ComparisonOptions& comparison = options.comparison;
  CollectOptions& sampling = comparison.sampling;
  sampling.record.level = db::RecordLevel::Mass;
  if (command.count("--guidance") > 0) sampling.guidance = options.guidance;
  if (!options.size.empty()) sampling.latentSize = {options.size[0], options.size[1], options.size[2]};
  if (comparison.variants.empty()) comparison.variants = defaultVariants();
  for (const std::string& text : options.densities) comparison.densities.push_back(parseDensity(text));
  for (const int64_t seed : options.seeds) {
    for (const int64_t label : options.labels) comparison.samples.push_back({seed, label});
  }
}

nlohmann::json writeReports(const Results& results, const fs::path& folder) {
  writeTextFile(folder / "table.md", toMarkdown(results));
  writeTextFile(folder / "runs.csv", toCsv(results));
  const std::string title =
      fmt::format("{}, {} steps, {} of them dense", results.setup.value("model", ""),
                  results.setup.value("steps", 0), results.setup.value("dense_steps", 0));
  writeTextFile(folder / "pareto.svg", paretoSvg(title, paretoPanels(results)));
  return toJson(results);
}

int run(const CLI::App& command, CompareMethodsArguments& options) {
  ComparisonOptions& comparison = options.comparison;
  complete(command, options);
  useAllCores();
  const InterruptGuard guard;
  const Session session(comparison.sampling, &InterruptGuard::interrupted);
  if (command.count("--dense-until") > 0) {
    comparison.denseSteps = denseStepsUntil(session, comparison.sampling.steps, options.denseUntil);
  }
  const nlohmann::json setup = setupOf(comparison);
  makeFolder(comparison.out);
  makeFolder(comparison.keep);
  const fs::path file = comparison.out / "results.json";
  if (comparison.sampling.overwrite) fs::remove(file);
  Results results = readResults(file, setup);
  ProgressLine progress(!options.quiet);
  const bool complete = Comparison(comparison, session, results, progress).run();
  progress.finish();
  const nlohmann::json json = writeReports(results, comparison.out);
  if (!complete && !options.quiet) {
    fmt::print(stderr, "ditscope: stopped; what is done is in {}, and the same command goes on from there\n",
               comparison.out.string());
  }
  if (options.json) {
    fmt::print("{}\n", json.dump(2));
  } else if (!options.quiet) {
    fmt::print("{}", toMarkdown(results));
  }
  return 0;
}

void addSamplingOptions(CLI::App& command, CompareMethodsArguments& options) {
  CollectOptions& sampling = options.comparison.sampling;
  command
      .add_option("--model", sampling.model, "model folder in diffusers' layout, or demo-video, demo-image")
      ->required();
  command.add_option("--seeds", options.seeds, "of the noise, for example 0,1")
      ->delimiter(',')
      ->capture_default_str();
  CLI::Option* labels =
      command.add_option("--labels", options.labels, "class labels; a sample for each and each seed")
          ->delimiter(',')
          ->capture_default_str();
  command.add_option("--prompt-embeds", sampling.promptEmbeds, "as for recording")->excludes(labels);
  command.add_option("--steps", sampling.steps, "sampling steps")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  command.add_option("--sampler", sampling.sampler, "euler, unipc or ddim instead of the model's own");
  command
      .add_option("--guidance", options.guidance,
                  "scale of classifier-free guidance; 1 = none (default: the model's)")
      ->check(CLI::Range(0.0, 1000.0));
  command.add_option("--size", options.size, "FRAMES,ROWS,COLS of the latents (default: the model's)")
      ->delimiter(',')
      ->expected(3)
      ->check(CLI::Range(1, 1'000'000));
  command.add_option("--block", sampling.block, "width of the blocks of masks")
      ->capture_default_str()
      ->check(CLI::IsMember({32, 64, 128}));
  command.add_option("--every-step", sampling.record.everyStep, "recall and error in one of K steps")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
}

}  // namespace

std::function<int()> addCompareMethodsCommand(CLI::App& program) {
  const auto options = std::make_shared<CompareMethodsArguments>();
  ComparisonOptions& comparison = options->comparison;
  comparison.sampling.block = 32;  // fine enough that a short sequence can keep 1/32
  CLI::App* command = program.add_subcommand("compare-methods", "Compares sparsity methods at equal density");
  command->footer(kCompareMethodsHelp);
  addSamplingOptions(*command, *options);
  command->add_option("--out", comparison.out, "folder for the results")->required();
  command->add_flag("--overwrite", comparison.sampling.overwrite, "start anew when there are results");
  command->add_option("--methods", comparison.variants,
                      "NAME or NAME:key=value,..., several with spaces; as given where the knob is "
                      "among the keys (default: every method with a knob)");
  command->add_option("--density", options->densities, "shares of the blocks, for example 1/2,1/8")
      ->delimiter(',')
      ->capture_default_str();
  CLI::Option* steps =
      command->add_option("--dense-steps", comparison.denseSteps, "first steps that run dense")
          ->capture_default_str()
          ->check(CLI::Range(0, 1000));
  command
      ->add_option("--dense-until", options->denseUntil,
                   "instead: those whose timestep, as a share of the training timesteps, is above this")
      ->excludes(steps)
      ->check(CLI::Range(0.0, 1.0));
  command->add_option("--classifier", comparison.classifier,
                      "file of ditscope-train-demo evaluate --classifier: compares the labels of frames");
  command->add_option("--keep", comparison.keep, "folder for the trace of every run");
  command->add_flag("--quiet", options->quiet, "no progress and no table");
  command->add_flag("--json", options->json, "print the results as JSON");
  return [command, options] { return run(*command, *options); };
}

}  // namespace ditscope::collector::compare
