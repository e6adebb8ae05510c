// SPDX-License-Identifier: Apache-2.0
#include "collector/bench/bench_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "collector/bench/bench_progress.h"
#include "collector/bench/bench_trace.h"
#include "collector/bench/contest.h"
#include "collector/bench/handicap.h"
#include "collector/bench/report.h"
#include "collector/environment.h"
#include "db/error.h"
#include "kernels/parallel.h"

namespace ditscope::collector::bench {
namespace {

constexpr const char* kBenchHelp = R"(
Contenders: our kernel (ditscope-*: dense in f32, bf16 and f16; in f32 with kept bits and gap, and with row
log-mass; with random block lists of each density), the building of those lists (plan-*), LibTorch's attention
(unfused; fused, libtorch-sdpa-*, where this LibTorch has it), a flash loop of 256 x 512 tiles over LibTorch's
matrix products, and the rate of fused multiply-adds (fma-peak). All take turns in every round; ratios are medians of the rounds'.

A shape ends when every contender has enough samples (12) and its times are quiet (relative standard deviation
below 0.5 %) or their noise has settled, as nvbench decides it, or after the time-out. Calls during which the
machine gave less than nine tenths of its best are throttled: they do not count as samples, and `ditscope compare`
sets them aside.

Examples:
  ditscope bench
  ditscope bench --shape 1,8,4096,64 --shape 1,8,4096,128 --threads 1
  ditscope bench --density 0.5,0.25,0.1 --block 128 --json
  ditscope bench --only ditscope-f32 --threads 1 --out new.db && ditscope compare base.db new.db
  ditscope bench --slow-down ditscope-f32=5 --out slow.db    does a guard notice 5 %?

Exit codes: 0 measured, 3 bad input, 4 a failure of ours.
)";

struct BenchArguments {
  std::vector<std::string> shapes = {"1,8,2048,64", "1,8,2048,72", "1,8,2048,128"};
  std::vector<double> densities = {0.5, 0.25, 0.1};
  std::vector<std::string> only, slowDown;
  SamplePlan plan;
  int threads = 0;
  int block = kernels::kDefaultBlock;
  std::filesystem::path out;
  bool overwrite = false;
  bool json = false;
  bool quiet = false;
};

db::Run describe(const BenchArguments& options) {
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

[[noreturn]] void refuseOnly(const std::vector<std::string>& names) {
  throw db::Error(db::Error::Kind::BadInput, "--only", "no contender has that in its name",
                  fmt::format("use parts of {}", fmt::join(names, ", ")));
}

// roundDone: called with the number of rounds that this shape has behind it, warm-ups included.
ShapeReport measure(const Shape& shape, const BenchArguments& options, MachineProbe& probe, BenchTrace* trace,
                    const std::function<void(int)>& roundDone) {
  const SamplePlan& plan = options.plan;
  const Contest contest(shape, {options.densities, plan.threads, options.block, options.only});
  std::vector<Handicap> handicaps;
  for (const std::string& text : options.slowDown) handicaps.push_back(parseHandicap(text));
  const std::vector<Contender> contenders = withHandicaps(contest.contenders(), handicaps, plan.threads);
  if (contenders.size() == 1) refuseOnly(contest.names());
  const std::string suffix = fmt::format("{} t{} b{}", toString(shape), plan.threads, options.block);
  if (trace != nullptr) trace->startShape(contenders, suffix);
  const Samples samples = sample(contenders, plan, probe, [&](const Sample& one) {
    if (trace != nullptr) trace->add(one);
    if (one.contender + 1 == contenders.size()) roundDone(plan.warmups + one.round + 1);
  });
  if (trace != nullptr) trace->endShape(samples, suffix);
  return summarise(shape, contenders, samples);
}

void run(BenchArguments options) {
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
  MachineProbe probe(options.plan.threads);
  const int rounds = options.plan.rounds > 0 ? options.plan.warmups + options.plan.rounds : 0;
  BenchProgress progress(shapes, rounds, options.plan.timeOut, !options.quiet);
  for (size_t i = 0; i < shapes.size(); ++i) {
    progress.update(i, 0);
    reports.push_back(measure(shapes[i], options, probe, trace ? &*trace : nullptr,
                              [&progress, i](int done) { progress.update(i, done); }));
    progress.finish();
    if (table) fmt::print("{}", toText(reports.back()));
    std::fflush(stdout);
  }
  if (trace) trace->finish();
  if (options.json) fmt::print("{}\n", toJson(setup, reports).dump(2));
}

}  // namespace

std::function<void()> addBenchCommand(CLI::App& program) {
  const auto options = std::make_shared<BenchArguments>();
  program.footer(kBenchHelp);
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
  auto* rounds = program.add_option("--rounds", options->plan.rounds, "exactly so many, instead of enough")
                     ->check(CLI::Range(1, 10000));
  program
      .add_option("--min-samples", options->plan.minSamples, "of each contender, throttled ones not counted")
      ->capture_default_str()
      ->check(CLI::Range(2, 10000))
      ->excludes(rounds);
  program.add_option("--noise", options->plan.noise, "relative standard deviation that is small enough")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1.0))
      ->excludes(rounds);
  program.add_option("--time-out", options->plan.timeOut, "seconds, of a shape")
      ->capture_default_str()
      ->check(CLI::Range(0.1, 100'000.0))
      ->excludes(rounds);
  program
      .add_option("--only", options->only,
                  "contenders whose name holds this, and the peak; may be given again")
      ->allow_extra_args(false)
      ->type_name("TEXT");
  program
      .add_option("--slow-down", options->slowDown,
                  "NAME=PERCENT: makes contenders whose name holds NAME slower, to try a guard")
      ->allow_extra_args(false)
      ->type_name("NAME=PERCENT");
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
