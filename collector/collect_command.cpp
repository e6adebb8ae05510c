// SPDX-License-Identifier: Apache-2.0
#include "collector/collect_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>

#include "collector/collect.h"
#include "collector/environment.h"
#include "collector/interrupt.h"
#include "collector/methods/registry.h"
#include "db/config_file.h"
#include "db/error.h"

namespace ditscope::collector {
namespace {

constexpr const char* kExamples = R"(
Examples:
  ditscope-collect --model demo-video --out run.db
  ditscope-collect --model demo-video --out run.db --label 7 --record mass --method topk:density=0.2
  ditscope-collect --model /models/Wan2.1-T2V-1.3B --prompt-embeds prompt.safetensors --size 21,60,104 --out wan.db
  ditscope-collect forward --help      one forward of a checkpoint, for checking it

Exit codes: 0 recorded (also when stopped by Ctrl-C), 3 bad input, 4 a failure of ours.
)";

struct CollectArguments {
  CollectOptions collect;
  std::string record = "stats";
  std::string layers;
  std::string size;
  int64_t label = 0;
  double guidance = 0;
  bool quiet = false;
  bool json = false;
};

[[noreturn]] void refuseList(const std::string& option, const std::string& text, const std::string& remedy) {
  throw db::Error(db::Error::Kind::BadInput, option + " " + text, "is not such a list", remedy);
}

int64_t wholeNumber(const std::string& option, const std::string& list, const std::string& text,
                    const std::string& remedy) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0 || value > 1'000'000) {
    refuseList(option, list, remedy);
  }
  return value;
}

std::set<int> parseLayers(const std::string& text) {  // "0,3,5-7"
  const std::string remedy = "write for example 0,3,5-7";
  std::set<int> layers;
  std::istringstream stream(text);
  for (std::string item; std::getline(stream, item, ',');) {
    const size_t dash = item.find('-');
    const int64_t first = wholeNumber("--layers", text, item.substr(0, dash), remedy);
    const int64_t last =
        dash == std::string::npos ? first : wholeNumber("--layers", text, item.substr(dash + 1), remedy);
    if (last < first) refuseList("--layers", text, remedy);
    for (int64_t layer = first; layer <= last; ++layer) layers.insert(int(layer));
  }
  return layers;
}

std::array<int64_t, 3> parseSize(const std::string& text) {
  const std::string remedy = "write FRAMES,ROWS,COLS of the latents, for example 21,60,104";
  std::vector<int64_t> parts;
  std::istringstream stream(text);
  for (std::string item; std::getline(stream, item, ',');)
    parts.push_back(wholeNumber("--size", text, item, remedy));
  if (parts.size() != 3 || std::min({parts[0], parts[1], parts[2]}) == 0) refuseList("--size", text, remedy);
  return {parts[0], parts[1], parts[2]};
}

nlohmann::json toJson(const CollectOptions& options, const CollectSummary& summary) {
  const db::Run& run = summary.run;
  nlohmann::json json = {{"schema", "ditscope.collect/1"},
                         {"trace", options.out.string()},
                         {"uuid", run.uuid},
                         {"model", run.model},
                         {"method", run.method},
                         {"device", options.device == "cpu" || run.cuda.empty() ? "cpu" : "cuda"},
                         {"dtype", run.dtype},
                         {"warnings", summary.warnings},
                         {"steps", run.nSteps},
                         {"tokens", run.seqLen},
                         {"interrupted", summary.interrupted},
                         {"density_qk", summary.density},
                         {"duration_ns", run.durationNs},
                         {"attention_ns", summary.attention.kernelNs},
                         {"search_ns", summary.attention.searchNs},
                         {"self_attention_processor_ns", summary.attention.processorNs},
                         {"record_ns", summary.attention.recordNs}};
  if (run.overheadRatio > 0) {
    json["overhead"] = {{"ratio", run.overheadRatio}, {"lo", run.overheadLo}, {"hi", run.overheadHi}};
  }
  return json;
}

std::string toText(const CollectOptions& options, const CollectSummary& summary) {
  const db::Run& run = summary.run;
  const auto seconds = [](int64_t ns) { return double(ns) * 1e-9; };
  std::string text = fmt::format(
      "{}: {}, {} steps, {} layers x {} heads, {} tokens, density {:.3f}\n"
      "{:.2f} s, of which attention {:.2f} s, mask search {:.2f} s, recording {:.2f} s{}\n",
      options.out.string(), run.model, run.nSteps, run.nLayers, run.nHeads, run.seqLen, summary.density,
      seconds(run.durationNs), seconds(summary.attention.kernelNs), seconds(summary.attention.searchNs),
      seconds(summary.attention.recordNs), summary.interrupted ? "; stopped early" : "");
  if (run.overheadRatio > 0) {
    text +=
        fmt::format("recording costs {:+.1f} % of the sampling time ({:+.1f} % to {:+.1f} %)\n",
                    100 * (run.overheadRatio - 1), 100 * (run.overheadLo - 1), 100 * (run.overheadHi - 1));
  }
  return text;
}

int run(const CLI::App& program, CollectArguments& options) {
  CollectOptions& collectOptions = options.collect;
  collectOptions.record.level = options.record == "full"   ? db::RecordLevel::Full
                                : options.record == "mass" ? db::RecordLevel::Mass
                                                           : db::RecordLevel::Stats;
  collectOptions.record.layers = parseLayers(options.layers);
  if (!options.size.empty()) collectOptions.latentSize = parseSize(options.size);
  if (program.count("--label") > 0) collectOptions.label = options.label;
  if (program.count("--guidance") > 0) collectOptions.guidance = options.guidance;
  if (!collectOptions.config.empty()) {
    const db::SparsityConfig config = db::readConfig(collectOptions.config);
    if (program.count("--steps") == 0) collectOptions.steps = config.steps;
    if (program.count("--block") == 0) collectOptions.block = config.blockQ;
  }
  const Blas blas = loadedBlas();
  if (blas.reference && !options.quiet) {
    fmt::print(stderr,
               "ditscope: LibTorch uses the reference BLAS ({}) : it is about 20 times slower : install "
               "libopenblas0-openmp\n",
               blas.file);
  }
  const InterruptGuard guard;
  ProgressLine progress(!options.quiet);
  const CollectSummary summary = collect(collectOptions, progress, &InterruptGuard::interrupted);
  progress.finish();
  for (const std::string& warning : summary.warnings) {
    if (!options.quiet) fmt::print(stderr, "ditscope: {}\n", warning);
  }
  if (options.json) {
    fmt::print("{}\n", toJson(collectOptions, summary).dump(2));
  } else if (!options.quiet) {
    fmt::print("{}", toText(collectOptions, summary));
  }
  return 0;
}

}  // namespace

std::function<int()> addCollectCommand(CLI::App& program) {
  const auto options = std::make_shared<CollectArguments>();
  CollectOptions& collect = options->collect;
  program.description("Records a sampling run of a diffusion transformer into a trace file.");
  program.footer("Methods of --method NAME[:key=value,...]; `ditscope methods` shows their keys:\n  " +
                 methodNames() + "\n" + kExamples);
  program
      .add_option("--model", collect.model, "model folder in diffusers' layout, or demo-video, demo-image")
      ->required();
  program.add_option("--out", collect.out, "trace file to write")->required();
  program.add_flag("--overwrite", collect.overwrite, "replace the trace file when it is there");
  program.add_option("--method", collect.method, "sparsity method of self-attention")->capture_default_str();
  program
      .add_option("--config", collect.config,
                  "sparsity configuration: a method for each layer, head and step; --steps and --block then "
                  "default to its own")
      ->excludes("--method");
  program
      .add_option_function<std::string>(
          "--plan",
          [options](const std::string& file) { options->collect.method = "ditfastattn:plan=" + file; },
          "compression plan of `ditscope collect plan`; the same as --method ditfastattn:plan=FILE")
      ->excludes("--method")
      ->excludes("--config");
  program.add_option("--steps", collect.steps, "sampling steps")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  program.add_option("--sampler", collect.sampler, "euler, unipc or ddim instead of the model's own");
  program.add_option("--seed", collect.seed, "of the noise")->capture_default_str();
  program.add_option("--device", collect.device, "auto: a GPU where there is one that the kernels run on")
      ->capture_default_str()
      ->check(CLI::IsMember({"auto", "cpu", "cuda"}));
  program
      .add_option("--dtype", collect.dtype, "of weights and activations; auto: f32 on a CPU, bf16 on a GPU")
      ->capture_default_str()
      ->check(CLI::IsMember({"auto", "f32", "f16", "bf16"}));
  program
      .add_option("--cupti", collect.cupti,
                  "every kernel of the GPU into the trace, tied to its attention call; auto: where CUPTI is")
      ->capture_default_str()
      ->check(CLI::IsMember({"auto", "on", "off"}));
  program
      .add_option("--record", options->record,
                  "stats: scalars and masks; mass: block masses, recall and error too; full: LSE of each row "
                  "and latents too")
      ->capture_default_str()
      ->check(CLI::IsMember({"stats", "mass", "full"}));
  program.add_option("--layers", options->layers,
                     "layers that get masses, for example 0,3,5-7 (default: all)");
  program.add_option("--every-step", collect.record.everyStep, "masses in one of K steps")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  CLI::Option* label = program.add_option("--label", options->label, "class label (default: 0)");
  program
      .add_option("--prompt-embeds", collect.promptEmbeds,
                  "safetensors with prompt_embeds and negative_prompt_embeds [1, tokens, text_dim]")
      ->excludes(label);
  program
      .add_option("--guidance", options->guidance,
                  "scale of classifier-free guidance; 1 = none (default: the model's)")
      ->check(CLI::Range(0.0, 1000.0));
  program.add_option("--size", options->size, "FRAMES,ROWS,COLS of the latents (default: the model's)");
  program.add_option("--block", collect.block, "width of the blocks of masks")
      ->capture_default_str()
      ->check(CLI::IsMember({32, 64, 128}));
  program.add_option("--frames", collect.frames, "folder for the pictures of the sample");
  program
      .add_option("--measure-overhead", collect.overheadRounds,
                  "first measure what recording costs, in this many rounds")
      ->check(CLI::Range(1, 1000));
  program.add_flag("--quiet", options->quiet, "no progress and no summary");
  program.add_flag("--json", options->json, "print the summary as JSON");
  return [&program, options] { return run(program, *options); };
}

}  // namespace ditscope::collector
