// SPDX-License-Identifier: Apache-2.0
#include "collector/bench/bench_command.h"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "collector/bench/bench_progress.h"
#include "collector/bench/bench_trace.h"
#include "collector/bench/contest.h"
#include "collector/bench/report.h"
#include "collector/environment.h"
#include "kernels/parallel.h"

namespace ditscope::collector::bench {
namespace {

constexpr const char* kHelp = R"(
Contenders: our kernel (ditscope-*: dense in f32, bf16 and f16; in f32 with kept bits and gap, and with row
log-mass; with random block lists of each density), the building of those lists (plan-*), LibTorch's attention
(unfused; fused, libtorch-sdpa-*, where this LibTorch has it), a flash loop of 256 x 512 tiles over LibTorch's matrix products, and the
rate of fused multiply-adds (fma-peak). All take turns in every round; ratios are medians of the rounds'.

Examples:
  ditscope bench
  ditscope bench --shape 1,8,4096,64 --shape 1,8,4096,128 --threads 1
  ditscope bench --density 0.5,0.25,0.1 --block 128 --json
  ditscope bench --out bench.db && ditscope info bench.db

Exit codes: 0 measured, 3 bad input, 4 a failure of ours.
)";

struct CommandOptions {
  std::vector<std::string> shapes = {"1,8,2048,64", "1,8,2048,72", "1,8,2048,128"};
  std::vector<double> densities = {0.5, 0.25, 0.1};
  SamplePlan plan;
  int threads = 0;
  int block = kernels::kDefaultBlock;
  std::filesystem::path out;
  bool overwrite = false;
  bool json = false;
  bool quiet = false;
};

db::Run describe(const CommandOptions& options) {
  db::Run run;
  run.uuid = run.groupUuid = newUuid();
  run.startedUtcNs = std::chrono::system_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
  run.tool = "ditscope-bench " DITSCOPE_VERSION;
  run.source = "bench";
  run.method = "dense";
  run.blockQ = run.blockK = options.block;
  run.dtype = "float32";
  run.gitCommit = gitCommit();
  run.torch = torchVersion();
  run.blas = loadedBlas().name;
  return run;
}

// roundDone: called with the number of rounds that this shape has behind it, warm-ups included.
ShapeReport measure(const Shape& shape, const CommandOptions& options, BenchTrace* trace,
                    const std::function<void(int)>& roundDone) {
  const SamplePlan& plan = options.plan;
  const Contest contest(shape, {options.densities, plan.threads, options.block});
  const auto contenders = contest.contenders();
  if (trace != nullptr) {
    trace->startShape(contenders, fmt::format("{} t{} b{}", toString(shape), plan.threads, options.block));
  }
  const auto seconds = sample(contenders, plan, [&](size_t contender, int round, double taken) {
    if (trace != nullptr) trace->add(contender, taken, round < 0);
    if (contender + 1 == contenders.size()) roundDone(plan.warmups + round + 1);
  });
  return summarise(shape, contenders, seconds);
}

void run(CommandOptions options) {
  std::vector<Shape> shapes;
  for (const std::string& text : options.shapes) shapes.push_back(parseShape(text));
  options.plan.threads = kernels::resolveThreads(options.threads);
  std::optional<BenchTrace> trace;
  if (!options.out.empty()) trace.emplace(options.out, describe(options), options.overwrite);

  const Blas blas = loadedBlas();
  if (blas.reference && !options.quiet) {
    fmt::print(stderr,
               "ditscope: LibTorch uses the reference BLAS ({}) : its figures say little : install "
               "libopenblas0-openmp\n",
               blas.file);
  }
  const BenchSetup setup{.processor = cpuDevice().name,
                         .torch = torchVersion(),
                         .blas = blas.name,
                         .threads = options.plan.threads,
                         .rounds = options.plan.rounds,
                         .block = options.block};
  const bool table = !options.json && !options.quiet;
  if (table) fmt::print("{}", toText(setup));
  std::vector<ShapeReport> reports;
  BenchProgress progress(shapes, options.plan.warmups + options.plan.rounds, !options.quiet);
  for (size_t i = 0; i < shapes.size(); ++i) {
    progress.update(i, 0);
    reports.push_back(measure(shapes[i], options, trace ? &*trace : nullptr,
                              [&progress, i](int rounds) { progress.update(i, rounds); }));
    progress.finish();
    if (table) fmt::print("{}", toText(reports.back()));
    std::fflush(stdout);
  }
  if (trace) trace->finish();
  if (options.json) fmt::print("{}\n", toJson(setup, reports).dump(2));
}

}  // namespace

std::function<void()> addBenchCommand(CLI::App& program) {
  const auto options = std::make_shared<CommandOptions>();
  program.footer(kHelp);
  program
      .add_option("--shape", options->shapes,
                  "BATCH,HEADS,TOKENS,DIM; may be given again (default: 1,8,2048 with 64, 72 and 128)")
      ->allow_extra_args(false)
      ->type_name("B,H,N,D");
  program.add_option("--density", options->densities, "shares of blocks to keep (default: 0.5,0.25,0.1)")
      ->delimiter(',')
      ->check(CLI::Range(0.001, 1.0))
      ->type_name("LIST");
  program.add_option("--threads", options->threads, "default: all")->check(CLI::Range(1, 1024));
  program.add_option("--rounds", options->plan.rounds, "that count")
      ->capture_default_str()
      ->check(CLI::Range(1, 10000));
  program.add_option("--warmup", options->plan.warmups, "rounds before that do not count")
      ->capture_default_str()
      ->check(CLI::Range(0, 1000));
  program.add_option("--block", options->block, "width of the blocks")
      ->capture_default_str()
      ->check(CLI::IsMember({32, 64, 128}));
  program.add_option("--out", options->out, "trace file for the time of every call, to follow regressions");
  program.add_flag("--overwrite", options->overwrite, "replace the trace file when it is there");
  program.add_flag("--json", options->json, "one JSON object instead of tables");
  program.add_flag("--quiet", options->quiet, "no progress and no tables");
  return [options] { run(*options); };
}

}  // namespace ditscope::collector::bench
