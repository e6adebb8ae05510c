// SPDX-License-Identifier: Apache-2.0
#include "collector/sample_set.h"

#include <CLI/CLI.hpp>

namespace ditscope::collector {

std::vector<SampleSet::Sample> SampleSet::samples() const {
  std::vector<std::optional<int64_t>> all(labels.begin(), labels.end());
  if (all.empty()) all.emplace_back();
  std::vector<Sample> samples;
  for (const auto& label : all) {
    for (const int64_t seed : seeds) samples.push_back({label, seed});
  }
  return samples;
}

void addSampleSetOptions(CLI::App& command, CollectOptions& sampling, SampleSet& set) {
  command
      .add_option("--model", sampling.model, "model folder in diffusers' layout, or demo-video, demo-image")
      ->required();
  command.add_option("--out", sampling.out, "JSON file to write")->required();
  command.add_flag("--overwrite", sampling.overwrite, "replace the file when it is there");
  CLI::Option* labels = command.add_option(
      "--label", set.labels, "class labels, for example 0,3,7; a sample for each and each seed");
  labels->delimiter(',');
  command.add_option("--seeds", set.seeds, "of the noise, for example 0,1")
      ->delimiter(',')
      ->capture_default_str();
  command.add_option("--prompt-embeds", sampling.promptEmbeds, "as for recording")->excludes(labels);
  command.add_option("--steps", sampling.steps, "sampling steps; those of the runs that will use the file")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  command.add_option("--sampler", sampling.sampler, "euler, unipc or ddim instead of the model's own");
  command
      .add_option_function<double>(
          "--guidance", [&sampling](const double& scale) { sampling.guidance = scale; },
          "scale of classifier-free guidance; 1 = none (default: the model's)")
      ->check(CLI::Range(0.0, 1000.0));
  command
      .add_option_function<std::vector<int64_t>>(
          "--size",
          [&sampling](const std::vector<int64_t>& size) {
            sampling.latentSize = {size[0], size[1], size[2]};
          },
          "FRAMES,ROWS,COLS of the latents (default: the model's)")
      ->delimiter(',')
      ->expected(3)
      ->check(CLI::Range(1, 1'000'000));
  command.add_option("--block", sampling.block, "width of the blocks of masks")
      ->capture_default_str()
      ->check(CLI::IsMember({32, 64, 128}));
}

}  // namespace ditscope::collector
